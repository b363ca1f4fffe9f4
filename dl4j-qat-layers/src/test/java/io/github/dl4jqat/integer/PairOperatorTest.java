package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import onnx.Onnx.ModelProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(Seeds.class)
class PairOperatorTest {

    private static final Requantization MODE = Requantization.FLOAT;
    private static final QuantSpec UNSIGNED = Quantizers.uint8PerTensor();
    private static final QuantSpec SIGNED = Quantizers.int8AffinePerTensor();
    private static final QuantSpec FIVE =
            new QuantSpec(5, false, Symmetry.AFFINE, false, Granularity.perTensor());

    private static TensorType tensor(String name, QuantSpec spec, double scale, int z, int... s) {
        return TensorType.of(name, QuantParams.of(spec, (float) scale, z), s);
    }

    /** The sum of two tensors of scale 1 with the zero points 10 and 20. */
    private static Combine sum(double scale, int zero) {
        TensorType a = tensor("q", UNSIGNED, 1, 10, 8);
        TensorType b = tensor("q1", UNSIGNED, 1, 20, 8);
        return Combine.sum("layer", List.of(a, b), tensor("out", UNSIGNED, scale, zero, 8), MODE);
    }

    private static Optional<PairOperator> exact(Combine op) {
        try (OrtPairCheck check = new OrtPairCheck()) {
            return check.exact(op);
        }
    }

    /** Half of every odd sum is a tie: 0.5 + 5 goes to 6, but 0.5 goes to 0 and 0 + 5 is 5. */
    @Test
    void oneGridIsExactAndOneWithTiesIsNot() {
        assertThat(exact(sum(2, 5))).isEmpty();
        assertThat(exact(sum(1, 5))).isPresent();
        // What is remembered is the same.
        assertThat(exact(sum(2, 5))).isEmpty();
        assertThat(exact(sum(1, 5))).isPresent();
    }

    @Test
    void ofBytesIsWhatIsDefined() {
        byte[] defined = PairOperator.defined(sum(2, 5));
        assertThat(defined).hasSize(65_536);
        // Steps 0, 1, 3, -1 and the ends.
        assertThat(defined[256 * 10 + 20]).isEqualTo((byte) 5);
        assertThat(defined[256 * 11 + 20]).isEqualTo((byte) 5);
        assertThat(defined[256 * 12 + 21]).isEqualTo((byte) 7);
        assertThat(defined[256 * 9 + 20]).isEqualTo((byte) 5);
        assertThat(defined[0]).isEqualTo((byte) 0);
        assertThat(defined[65_535]).isEqualTo((byte) 245);
    }

    @Test
    void bytesOfASignedTensorAreShifted() {
        TensorType a = tensor("q", SIGNED, 0.5, -3, 4);
        TensorType out = tensor("out", SIGNED, 1, -128, 4);
        PairOperator difference =
                PairOperator.of(Combine.difference("layer", a, a, out, MODE)).orElseThrow();
        assertThat(difference)
                .isEqualTo(
                        new PairOperator(
                                "QLinearAdd",
                                new PairOperator.Grid(0.5f, 125),
                                new PairOperator.Grid(-0.5f, 125),
                                new PairOperator.Grid(1, 0)));
        PairOperator mean =
                PairOperator.of(Combine.average("layer", List.of(a, a), out, MODE)).orElseThrow();
        assertThat(mean.a()).isEqualTo(new PairOperator.Grid(0.25f, 125)).isEqualTo(mean.b());
    }

    @Test
    void onlyTwoTensorsOfOneShapeHaveOne() {
        TensorType a = tensor("q", UNSIGNED, 1, 0, 2, 4);
        TensorType b = tensor("q1", UNSIGNED, 1, 0, 2, 1);
        TensorType out = tensor("out", UNSIGNED, 1, 0, 2, 4);
        assertThat(PairOperator.of(Combine.sum("layer", List.of(a, a), out, MODE))).isPresent();
        assertThat(PairOperator.of(Combine.sum("layer", List.of(a, b), out, MODE))).isEmpty();
        assertThat(PairOperator.of(Combine.sum("layer", List.of(a, a, a), out, MODE))).isEmpty();
        assertThat(PairOperator.of(Combine.product("layer", b, a, out, MODE))).isEmpty();
        assertThat(PairOperator.of(Combine.max("layer", List.of(a, a), out))).isEmpty();
    }

    /** The operator where it is exact, whole-numbered floats where it is not. */
    @Test
    void engineTakesItWhereItIsExact(@TempDir Path folder) throws IOException {
        assertThat(operators(sum(1, 5), folder)).contains("QLinearAdd").doesNotContain("Add");
        assertThat(operators(sum(2, 5), folder)).contains("Add").doesNotContain("QLinearAdd");
        ModelProto exported = OnnxQdq.of(TestModels.around(sum(1, 5)), OnnxQdq.Ends.FLOATS);
        assertThat(exported.getGraph().getNodeList())
                .noneMatch(node -> node.getOpType().startsWith("QLinear"));
    }

    private static Set<String> operators(Combine op, Path folder) throws IOException {
        Path dump = folder.resolve("optimized.onnx");
        new OrtEngine(TestModels.around(op), dump).close();
        Set<String> types = new TreeSet<>();
        ModelProto.parseFrom(Files.readAllBytes(dump))
                .getGraph()
                .getNodeList()
                .forEach(node -> types.add(node.getOpType()));
        return types;
    }

    /** All pairs of bytes on grids of any kind, in both forms, whatever the check says of them. */
    @ParameterizedTest
    @EnumSource(names = {"SUM", "AVERAGE", "SUBTRACT", "PRODUCT"})
    void everyPairAgreesOnManyGrids(Combine.Kind kind) {
        Random random = new Random(Seeds.current());
        int exact = 0;
        int grids = 40;
        for (int i = 0; i < grids; i++) {
            Combine op = random(kind, random, 65_536);
            int[][] q = new int[2][65_536];
            for (int k = 0; k < 65_536; k++) {
                q[0][k] = within(op.inputs().get(0), k / 256);
                q[1][k] = within(op.inputs().get(1), k % 256);
            }
            BothEngines.run(op, 1, q[0], q[1]);
            exact += exact(op).isPresent() ? 1 : 0;
        }
        assertThat(exact).isGreaterThan(grids / 2);
    }

    private static int within(TensorType tensor, int offset) {
        QuantSpec spec = tensor.params().spec();
        return Math.min(spec.qMax(), spec.qMin() + offset);
    }

    private static Combine random(Combine.Kind kind, Random random, int... shape) {
        double scale = Math.exp(random.nextDouble() * 8 - 6);
        boolean product = kind == Combine.Kind.PRODUCT;
        double other = product ? Math.exp(random.nextDouble() * 8 - 6) : scale;
        double step = product ? scale * other * 40 : scale * (kind == Combine.Kind.AVERAGE ? 1 : 2);
        // A third of the grids have ties: a power of two between the scales.
        double ratio = random.nextInt(3) == 0 ? 0.5 : 0.3 + random.nextDouble();
        TensorType a = any("q", random, scale, shape);
        TensorType b = any("q1", random, other, shape);
        TensorType out = any("out", random, (float) step * ratio, shape);
        Combine whole =
                new Combine(
                        "layer",
                        List.of(a, b),
                        out,
                        kind,
                        MODE,
                        out.params().spec().qMin(),
                        out.params().spec().qMax());
        int zero = out.params().zeroPoint();
        return switch (random.nextInt(3)) {
            case 0 -> whole.withClamp(zero, whole.high());
            case 1 -> whole.withClamp(zero, Math.min(whole.high(), zero + 20));
            default -> whole;
        };
    }

    private static TensorType any(String name, Random random, double scale, int... shape) {
        QuantSpec spec = List.of(UNSIGNED, SIGNED, FIVE).get(random.nextInt(3));
        int zero = spec.qMin() + random.nextInt(spec.qMax() - spec.qMin() + 1);
        return tensor(name, spec, scale, zero, shape);
    }

    /** Odd sizes leave something behind the last vector; large ones are cut into parts. */
    @Test
    void graphsOfManySumsAgreeForAllSizes() {
        Random random = new Random(Seeds.current());
        int[][] shapes = {{1}, {7}, {3, 5, 7}, {33, 31}, {16, 9, 9}, {2, 60_001}};
        for (int[] shape : shapes) {
            for (int batch : new int[] {1, 2, 5}) {
                compare(chain(random, shape), random, batch);
            }
        }
    }

    /** Sums of sums, as in residual networks, on one grid that changes from stage to stage. */
    private static IntegerModel chain(Random random, int... shape) {
        TensorType x = TensorType.ofFloats("x", shape);
        TensorType y = TensorType.ofFloats("y", shape);
        IntegerModel.Builder model = IntegerModel.builder().input(x);
        TensorType last = any("q", random, 0.1, shape);
        model.add(new Quantize("begin", x, last));
        for (int i = 0; i < 4; i++) {
            boolean product = i == 2;
            double step = last.params().scale();
            double scale = step * (product ? 40 * step : 0.5 + random.nextDouble());
            TensorType next = any("q" + i, random, scale, shape);
            Reverse turned = Reverse.of("turn" + i, last, "turned" + i, 0);
            model.add(turned);
            List<TensorType> both = List.of(last, turned.output());
            int high = next.params().spec().qMax();
            int low = i == 1 ? next.params().zeroPoint() : next.params().spec().qMin();
            Combine.Kind kind = product ? Combine.Kind.PRODUCT : Combine.Kind.SUM;
            model.add(new Combine("sum" + i, both, next, kind, MODE, low, high));
            last = next;
        }
        return model.add(Dequantize.linear("end", last, y, false)).output("y").build();
    }

    private static void compare(IntegerModel model, Random random, int batch) {
        TensorType q = model.tensor("q");
        int[] integers = new int[q.elements() * batch];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = within(q, random.nextInt(256));
        }
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        feeds.put("q", TensorData.of(integers));
        BothEngines.run(model, feeds, batch);
    }
}
