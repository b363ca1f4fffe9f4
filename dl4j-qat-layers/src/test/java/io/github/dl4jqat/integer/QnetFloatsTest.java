package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Float operations and embeddings in .qnet files. */
@ExtendWith(Seeds.class)
class QnetFloatsTest {

    @ParameterizedTest
    @EnumSource(TestFloats.Kind.class)
    void everyFloatOperationComesBack(TestFloats.Kind kind) throws IOException {
        for (Requantization mode : Requantization.values()) {
            for (int seed = 0; seed < 20; seed++) {
                TestFloats floats = new TestFloats(seed, mode);
                same(floats.around(floats.op(kind)));
            }
        }
    }

    private static void same(IntegerModel model) throws IOException {
        IntegerModel back = Qnet.read(QnetTest.bytes(model), "memory");
        assertThat(back.ops()).isEqualTo(model.ops());
        assertThat(back).isEqualTo(model);
        assertThat(QnetTest.bytes(back)).isEqualTo(QnetTest.bytes(model));
    }

    /** Every field, with numbers that need all digits of a double or a float. */
    @Test
    void numbersComeBackToTheLastBit() throws IOException {
        TensorType image = TensorType.ofFloats("f", 6, 2, 2);
        TensorType out = TensorType.ofFloats("g", 6, 2, 2);
        double third = -1e-300 / 3;
        IntegerModel model =
                behind(new LocalResponseNorm("l", image, out, Math.PI, 7, 1e-4, third));
        String json = QnetTest.manifest(model);
        assertThat(json)
                .contains("\"k\" : \"3.141592653589793\"", "\"n\" : 7", "\"alpha\" : \"1.0E-4\"")
                .contains("\"beta\" : \"" + third + "\"");
        same(model);
        same(behind(new L2Normalize("l2", image, out, Double.MIN_VALUE)));
        same(behind(new YoloActivation("y", image, out, List.of(0.1f, Float.MIN_VALUE))));
        Window2d w = new Window2d(2, 1, 3, 4, 1, 6, 7, 8, 9, 10);
        TensorType pooled = TensorType.ofFloats("g", 6, w.outputHeight(2), w.outputWidth(2));
        same(behind(new PNormPool2d("p", image, pooled, w, 3)));
    }

    /** The class was renamed; files that say what it was called are as good as new ones. */
    @Test
    void localResponseNormalizationKeepsItsNameInFiles() throws IOException {
        TensorType image = TensorType.ofFloats("f", 6, 2, 2);
        TensorType out = TensorType.ofFloats("g", 6, 2, 2);
        LocalResponseNorm op = new LocalResponseNorm("l", image, out, 2, 5, 1e-4, 0.75);
        assertThat(op.type()).isEqualTo("LocalResponseNormalization");
        assertThat(QnetTest.manifest(behind(op)))
                .contains("\"type\" : \"LocalResponseNormalization\"")
                .doesNotContain("LocalResponseNorm\"");
    }

    /** A model that ends in a float operation. */
    private static IntegerModel behind(FloatOp op) {
        QuantParams grid = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 100);
        TensorType x = new TensorType("x", op.input().shape(), null);
        TensorType q = new TensorType("q", op.input().shape(), grid);
        return IntegerModel.builder()
                .input(x)
                .add(new Quantize("in", x, q))
                .add(Dequantize.linear("to", q, op.input(), false))
                .add(op)
                .output("g")
                .build();
    }

    private static IntegerModel embedding(QuantParams grid, int vocabulary, Random random) {
        TensorType x = TensorType.ofFloats("x", 4);
        TensorType q = TensorType.of("q", grid, 3, 4);
        TensorType y = TensorType.ofFloats("y", 3, 4);
        int[][] rows = new int[vocabulary][3];
        QuantSpec spec = grid.spec();
        for (int[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = spec.qMin() + random.nextInt(spec.qMax() - spec.qMin() + 1);
                if (spec.symmetry() == Symmetry.MID_RISE && row[i] % 2 == 0) {
                    row[i]++;
                }
            }
        }
        return IntegerModel.builder()
                .input(x)
                .add(new Embedding("words", x, q, rows))
                .add(Dequantize.linear("end", q, y, false))
                .output("y")
                .build();
    }

    @Test
    void tableIsPackedAtEveryWidth(Random random) throws IOException {
        for (int bits = 1; bits <= 16; bits++) {
            for (boolean signed : new boolean[] {false, true}) {
                if (bits == 1 && signed) {
                    continue;
                }
                QuantSpec spec =
                        new QuantSpec(
                                bits, signed, Symmetry.AFFINE, false, Granularity.perTensor());
                int zeroPoint = spec.qMin() + random.nextInt(2);
                IntegerModel model = embedding(QuantParams.of(spec, 0.1f, zeroPoint), 7, random);
                same(model);
                Map<String, byte[]> entries = QnetTest.entries(model);
                assertThat(entries.get("tensors/000.bin")).hasSize((21 * bits + 7) / 8);
            }
        }
        QuantSpec midRise =
                Quantizers.midRisePerChannel(2).withGranularity(Granularity.perTensor());
        same(embedding(QuantParams.of(midRise, 0.1f, 0), 5, random));
    }

    @Test
    void unsignedIntegersAreNoTwosComplement() {
        QuantSpec spec = Quantizers.uint8PerTensor();
        LevelTable table = new LevelTable("t", spec, PackedLevels.of(new int[] {0, 127, 128, 255}));
        byte[] packed = BitPacking.pack(table, spec);
        assertThat(packed).containsExactly(0, 127, -128, -1);
        assertThat(BitPacking.unpack(packed, 4, spec)).containsExactly(0, 127, 128, 255);
    }

    @Test
    void hostileManifestIsRefusedOrMeansAModel(Random random) throws IOException {
        QuantParams grid = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 100);
        List<IntegerModel> models = new ArrayList<>();
        for (TestFloats.Kind kind : TestFloats.Kind.values()) {
            TestFloats floats = new TestFloats(1, Requantization.FLOAT);
            models.add(floats.around(floats.op(kind)));
        }
        models.add(embedding(grid, 5, random));
        TestModels volumes = new TestModels(1, Requantization.FLOAT, 8, 8);
        models.add(TestModels.around(volumes.op(TestModels.Kind.CONV_3D)));
        for (IntegerModel model : models) {
            String good = QnetTest.manifest(model);
            Map<String, byte[]> entries = QnetTest.entries(model);
            int refused = 0;
            for (int i = 0; i < 1000; i++) {
                String bad = good;
                for (int n = random.nextInt(3); n >= 0; n--) {
                    bad = QnetTest.mutate(bad, random);
                }
                try {
                    IntegerModel read = Qnet.read(QnetTest.withManifest(entries, bad), "hostile");
                    OnnxSupport.obstacle(read);
                    assertThat(read.floatIslands()).hasSizeLessThanOrEqualTo(1);
                } catch (QnetFormatException e) {
                    refused++;
                }
            }
            assertThat(refused).isGreaterThan(500);
        }
    }

    private static void refusedWith(IntegerModel model, String old, String with, String message)
            throws IOException {
        String good = QnetTest.manifest(model);
        assertThat(good).contains(old);
        byte[] file = QnetTest.withManifest(model, good.replace(old, with));
        assertThatThrownBy(() -> Qnet.read(file, "net.qnet"))
                .isInstanceOf(QnetFormatException.class)
                .hasMessageStartingWith("net.qnet: ")
                .hasMessageContaining(message);
    }

    @Test
    void namesWhatIsWrong(Random random) throws IOException {
        QuantParams grid = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 100);
        IntegerModel words = embedding(grid, 5, random);
        refusedWith(words, "\"vocabulary\" : 5", "\"vocabulary\" : 6", "18 integers of 8 bits");
        refusedWith(words, "\"vocabulary\" : 5", "\"vocabulary\" : -5", "-15 integers");
        refusedWith(words, "\"vocabulary\" : 5", "\"vocabulary\" : 2147483647", "6442450941");
        refusedWith(words, "\"output\" : \"q\"", "\"output\" : \"y\"", "'y' is float");
        TensorType image = TensorType.ofFloats("f", 6, 2, 2);
        TensorType out = TensorType.ofFloats("g", 6, 2, 2);
        IntegerModel l2 = behind(new L2Normalize("l2", image, out, 0.5));
        refusedWith(l2, "\"0.5\"", "\"NaN\"", "L2Normalize 'l2': eps=NaN");
        refusedWith(l2, "\"0.5\"", "0.5", "'eps' should be text");
        refusedWith(l2, "\"0.5\"", "\"half\"", "'eps' is no number: half");
        refusedWith(l2, "\"0.5\"", "\"0." + "5".repeat(30) + "\"", "'eps' is too long");
        refusedWith(l2, "\"L2Normalize\"", "\"L3Normalize\"", "operation 'L3Normalize' is not");
        IntegerModel yolo = behind(new YoloActivation("y", image, out, List.of(0.5f, 2f)));
        refusedWith(yolo, "\"0.5\", \"2.0\"", "\"0.5\"", "priors are [0.5]");
        refusedWith(yolo, "\"0.5\"", "\"x\"", "'priors' is no number: x");
        FloatConstant up = FloatConstant.of(List.of(1, 2, 6), new float[12]);
        FloatConstant down = FloatConstant.of(List.of(2, 6), new float[12]);
        TensorType series = TensorType.ofFloats("f", 6, 2);
        IntegerModel attention =
                behind(
                        new MultiHeadAttention(
                                "a",
                                series,
                                series,
                                series,
                                TensorType.ofFloats("g", 6, 2),
                                new AttentionWeights(up, up, up, down)));
        same(attention);
        String shape = "[ 1, 2, 6 ]";
        refusedWith(attention, shape, "[ 1, 2, 7 ]", "12 numbers do not fill the shape [1, 2, 7]");
        refusedWith(attention, shape, "[ 1, -2, -6 ]", "sizes above 0");
        refusedWith(attention, shape, "[ 65536, 65536 ]", "sizes above 0 and up to");
        refusedWith(attention, shape, "[ 12 ]", "[heads, width of a head, features]");
        refusedWith(attention, "\"projections\"", "\"weights\"", "'projections' should be an obj");
        String list = "\"inputs\" : [ \"f\", \"f\", \"f\" ]";
        refusedWith(attention, list, "\"inputs\" : [ \"f\", \"f\" ]", "lists 2 inputs");
        byte[] file = QnetTest.bytes(yolo);
        byte[] cut = Arrays.copyOf(file, file.length - 1);
        assertThatThrownBy(() -> Qnet.read(cut, "x")).isInstanceOf(QnetFormatException.class);
    }
}
