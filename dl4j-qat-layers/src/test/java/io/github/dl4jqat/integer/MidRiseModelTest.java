package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Odd integers, of which one bit holds two: in files, in both engines, and nowhere else. */
class MidRiseModelTest {

    private static Weights weights(int bits, int... values) {
        QuantParams params = QuantParams.of(Quantizers.midRisePerTensor(bits), 0.5f, 0);
        return Weights.of(params, List.of(1, values.length), values, new int[1]);
    }

    /** The examples in the specification. */
    @Test
    void levelsArePackedByTheirNumber() {
        Weights binary = weights(1, 1, -1, -1, 1, 1, 1, -1, -1, 1, 1);
        assertThat(BitPacking.pack(binary)).containsExactly(0x39, 0x03);
        assertThat(BitPacking.pack(weights(2, -3, -1, 1, 3))).containsExactly(0xE4);
        assertThat(binary.bytes()).isEqualTo(2 + 4 + 4);
    }

    @Test
    void everyWidthComesBack() {
        for (int bits = 1; bits <= QuantSpec.MAX_MID_RISE_BITS; bits++) {
            QuantSpec spec = Quantizers.midRisePerTensor(bits);
            int levels = 1 << bits;
            int[] values = new int[3 * levels + 1];
            for (int i = 0; i < values.length; i++) {
                values[i] = spec.qMin() + 2 * (i * 5 % levels);
            }
            byte[] packed = BitPacking.pack(weights(bits, values));
            assertThat(packed).hasSize((values.length * bits + 7) / 8);
            assertThat(BitPacking.unpack(packed, values.length, spec)).isEqualTo(values);
        }
        assertThatThrownBy(
                        () ->
                                BitPacking.unpack(
                                        new byte[] {(byte) 0x80}, 7, Quantizers.binaryPerTensor()))
                .hasMessageContaining("bits after the last value are not zero");
    }

    @Test
    void evenWeightsAreRefused() {
        assertThatThrownBy(() -> weights(2, -3, 3, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Weights: value[2]=2 is even; the integers of a mid-rise spec are the odd"
                                + " ones of -3..3");
        assertThatThrownBy(() -> weights(1, 0)).hasMessageContaining("value[0]=0 is even");
        assertThatThrownBy(() -> weights(1, 3)).hasMessageContaining("is outside -1..1");
    }

    @Test
    void onlyATableWritesOddIntegers() {
        TensorType x = TensorType.ofFloats("x", 4);
        TensorType q = TensorType.of("q", QuantParams.of(Quantizers.uintPerTensor(2), 1f, 1), 4);
        QuantParams signs = QuantParams.of(Quantizers.binaryPerTensor(), 0.5f, 0);
        TensorType s = TensorType.of("s", signs, 4);
        assertThatThrownBy(() -> new Quantize("in", x, s))
                .hasMessageContaining("Quantize 'in'")
                .hasMessageContaining("rounds to consecutive integers; put a Lookup after it");
        assertThatThrownBy(
                        () ->
                                Dense.of(
                                        "d",
                                        q,
                                        TensorType.of("s", signs, 1),
                                        weights(1, 1, 1, -1, 1),
                                        Requantization.FLOAT))
                .hasMessageContaining("Dense 'd'")
                .hasMessageContaining("is mid-rise");
        assertThatThrownBy(() -> new Lookup("f", q, s, new int[] {-1, -1, 0, 1}))
                .hasMessageContaining("Lookup 'f': entry[2]=0 is even");
    }

    private static byte[] bytes(IntegerModel model) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        QnetWriter.write(model, out);
        return out.toByteArray();
    }

    @ParameterizedTest
    @EnumSource(
            value = TestModels.Kind.class,
            names = {"CONV", "DEPTHWISE", "DENSE"})
    void weightsOfEveryWidthRunTheSameOnBothEnginesAndInFiles(TestModels.Kind kind)
            throws IOException {
        int inner = 0;
        for (int seed = 0; seed < 28; seed++) {
            int bits = 1 + seed % QuantSpec.MAX_MID_RISE_BITS;
            TestModels models = new TestModels(seed, Requantization.FLOAT, 8, bits).midRise();
            IntegerModel model = TestModels.around(models.op(kind));
            assertThat(Qnet.read(bytes(model), "memory")).isEqualTo(model);
            int[] q = models.integers(model.tensor("q"), 9);
            Map<String, TensorData> feeds = Map.of("q", TensorData.of(q));
            int[] java = new JavaEngine(model).run(feeds, List.of("out"), 9).get("out").ints();
            try (OrtEngine ort = new OrtEngine(model)) {
                assertThat(ort.run(feeds, List.of("out"), 9).get("out").ints())
                        .as("%s", model.ops())
                        .isEqualTo(java);
            }
            QuantSpec out = model.tensor("out").params().spec();
            inner +=
                    (int) Arrays.stream(java).filter(v -> v > out.qMin() && v < out.qMax()).count();
        }
        assertThat(inner).as("outputs that do not saturate").isGreaterThan(100);
    }

    /**
     * Signs as activations, written by a table, pooled, and read by a layer with binary weights.
     */
    @Test
    void signsGoThroughANetworkOfBothEngines() throws IOException {
        QuantParams wide = QuantParams.of(Quantizers.uint8PerTensor(), 0.05f, 128);
        QuantParams signs = QuantParams.of(Quantizers.binaryPerTensor(), 0.5f, 0);
        TensorType x = TensorType.ofFloats("x", 1, 4, 4);
        TensorType q = TensorType.of("q", wide, 1, 4, 4);
        TensorType s = TensorType.of("s", signs, 1, 4, 4);
        TensorType p = TensorType.of("p", signs, 1, 2, 2);
        TensorType f = TensorType.of("f", signs, 4);
        TensorType o = TensorType.of("o", wide, 1);
        int[] table = new int[256];
        for (int i = 0; i < 256; i++) {
            table[i] = i < 128 ? -1 : 1;
        }
        IntegerModel model =
                IntegerModel.builder()
                        .requantization(Requantization.FLOAT)
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(new Lookup("sign", q, s, table))
                        .add(new MaxPool2d("pool", s, p, Window2d.of(2, 2).withStride(2, 2)))
                        .add(new Reshape("flat", p, f))
                        .add(Dense.of("dense", f, o, weights(1, 1, 1, -1, 1), Requantization.FLOAT))
                        .add(Dequantize.linear("end", o, TensorType.ofFloats("y", 1), false))
                        .output("y")
                        .build();
        IntegerModel back = Qnet.read(bytes(model), "memory");
        assertThat(back).isEqualTo(model);
        float[] in = new float[16];
        Arrays.fill(in, -1f);
        // One positive value in the second of the four windows, and one in the third.
        in[2] = 1f;
        in[8] = 1f;
        Map<String, TensorData> feeds = Map.of("x", TensorData.of(in));
        // Signs -1, 1, 1, -1 times 1, 1, -1, 1 are -2; times 0.5 * 0.5 that is -0.5.
        float[] expected = {-0.5f};
        assertThat(new JavaEngine(back).run(feeds, List.of("y"), 1).get("y").floats())
                .isEqualTo(expected);
        try (OrtEngine ort = new OrtEngine(back)) {
            assertThat(ort.run(feeds, List.of("y"), 1).get("y").floats()).isEqualTo(expected);
        }
    }
}
