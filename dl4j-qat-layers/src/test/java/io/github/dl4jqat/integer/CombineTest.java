package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CombineTest {

    private static final Requantization MODE = Requantization.FLOAT;
    private static final QuantSpec SIGNED = Quantizers.int8AffinePerTensor();
    private static final QuantSpec UNSIGNED = Quantizers.uint8PerTensor();

    private static TensorType tensor(String name, QuantSpec spec, double scale, int z, int... s) {
        return TensorType.of(name, QuantParams.of(spec, (float) scale, z), s);
    }

    /** All pairs of integers of two bytes, at scales with ties and without. */
    @ParameterizedTest
    @EnumSource(Combine.Kind.class)
    void everyPairOfBytesAgreesOnBothEngines(Combine.Kind kind) {
        QuantSpec narrow = new QuantSpec(8, true, Symmetry.AFFINE, true, Granularity.perTensor());
        QuantSpec five = new QuantSpec(5, false, Symmetry.AFFINE, false, Granularity.perTensor());
        double step = kind == Combine.Kind.PRODUCT ? 0.125 : 1;
        int inner = 0;
        for (QuantSpec spec : List.of(SIGNED, UNSIGNED, narrow)) {
            int z = spec.signed() ? -7 : 131;
            for (QuantSpec outSpec : List.of(SIGNED, UNSIGNED, narrow, five)) {
                for (double ratio : new double[] {2, 1, 1 / 3.0, 0.7}) {
                    boolean max = kind == Combine.Kind.MAX;
                    TensorType a = tensor("q", spec, step, z, 256, 1);
                    TensorType b = tensor("q1", spec, step, max ? z : z + 5, 1, 256);
                    int low = outSpec.qMin();
                    TensorType out =
                            max
                                    ? tensor("out", spec, step, z, 256, 256)
                                    : tensor("out", outSpec, ratio, low + 11, 256, 256);
                    inner += pairs(kind, a, b, out);
                }
            }
        }
        assertThat(inner).isGreaterThan(10_000);
    }

    /** The number of outputs that do not saturate. */
    private static int pairs(Combine.Kind kind, TensorType a, TensorType b, TensorType out) {
        QuantSpec spec = out.params().spec();
        boolean max = kind == Combine.Kind.MAX;
        Combine op =
                new Combine(
                        "layer",
                        List.of(a, b),
                        out,
                        kind,
                        max ? null : MODE,
                        spec.qMin(),
                        spec.qMax());
        int[] all = new int[256];
        Arrays.setAll(all, i -> Math.min(a.params().spec().qMax(), a.params().spec().qMin() + i));
        int[] result = BothEngines.run(op, 1, all, all);
        return (int) Arrays.stream(result).filter(q -> q > spec.qMin() && q < spec.qMax()).count();
    }

    @Test
    void halvesGoToTheEvenInteger() {
        TensorType a = tensor("q", UNSIGNED, 1, 10, 8);
        TensorType b = tensor("q1", UNSIGNED, 1, 20, 8);
        TensorType out = tensor("out", UNSIGNED, 2, 5, 8);
        int[] first = {10, 11, 12, 13, 9, 8, 7, 255};
        int[] second = {20, 20, 21, 22, 20, 19, 18, 255};
        // Sums of steps 0, 1, 3, 5, -1, -3, -5, 480, halved: 0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5.
        Combine sum = Combine.sum("layer", List.of(a, b), out, MODE);
        assertThat(BothEngines.run(sum, 1, first, second))
                .containsExactly(5, 5, 7, 7, 5, 3, 3, 245);
        Combine average =
                Combine.average("layer", List.of(a, b), tensor("out", UNSIGNED, 1, 5, 8), MODE);
        assertThat(BothEngines.run(average, 1, first, second))
                .containsExactly(5, 5, 7, 7, 5, 3, 3, 245);
        Combine difference = Combine.difference("layer", a, b, out, MODE);
        // Differences 0, 1, 1, 1, -1, -1, -1, 10.
        assertThat(BothEngines.run(difference, 1, first, second))
                .containsExactly(5, 5, 5, 5, 5, 5, 5, 10);
        Combine product = Combine.product("layer", a, b, out, MODE);
        // Products 0, 0, 2, 6, 0, 2, 6, 57575.
        assertThat(BothEngines.run(product, 1, first, second))
                .containsExactly(5, 5, 6, 8, 5, 6, 8, 255);
    }

    @Test
    void fusedReluClampsAtTheZeroPoint() {
        TensorType a = tensor("q", SIGNED, 0.5, 0, 4);
        TensorType b = tensor("q1", SIGNED, 0.5, 0, 4);
        TensorType out = tensor("out", SIGNED, 0.5, -128, 4);
        Combine relu = Combine.sum("layer", List.of(a, b), out, MODE).withClamp(-128, -123);
        assertThat(BothEngines.run(relu, 1, new int[] {-50, 1, 3, 90}, new int[] {1, 1, 1, 90}))
                .containsExactly(-128, -126, -124, -123);
    }

    /** The weights of squeeze-and-excitation: one number for each channel. */
    @Test
    void channelsAreScaled() {
        TensorType image = tensor("q", UNSIGNED, 1, 0, 2, 2, 2);
        TensorType gate = tensor("q1", UNSIGNED, 1 / 256.0, 0, 2, 1, 1);
        TensorType out = tensor("out", UNSIGNED, 1, 0, 2, 2, 2);
        int[] q = {8, 16, 24, 32, 8, 16, 24, 32};
        Combine op = Combine.product("layer", image, gate, out, MODE);
        assertThat(BothEngines.run(op, 1, q, new int[] {128, 32}))
                .containsExactly(4, 8, 12, 16, 1, 2, 3, 4);
        Combine swapped =
                Combine.product(
                        "layer",
                        tensor("q", UNSIGNED, 1 / 256.0, 0, 2, 1, 1),
                        tensor("q1", UNSIGNED, 1, 0, 2, 2, 2),
                        out,
                        MODE);
        assertThat(BothEngines.run(swapped, 1, new int[] {128, 32}, q))
                .containsExactly(4, 8, 12, 16, 1, 2, 3, 4);
    }

    @Test
    void largestOfThreeKeepsTheGrid() {
        TensorType a = tensor("q", SIGNED, 0.1, 3, 3);
        TensorType b = tensor("q1", SIGNED, 0.1, 3, 3);
        TensorType c = tensor("q2", SIGNED, 0.1, 3, 1);
        Combine op = Combine.max("layer", List.of(a, b, c), tensor("out", SIGNED, 0.1, 3, 3));
        assertThat(op.requantization()).isEmpty();
        assertThat(
                        BothEngines.run(
                                op,
                                1,
                                new int[] {-128, 5, 0},
                                new int[] {-9, 6, 127},
                                new int[] {-10}))
                .containsExactly(-9, 6, 127);
        assertThatThrownBy(op::requantizer)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'layer'");
    }

    @Test
    void tensorMayBeAddedToItself() {
        TensorType x = TensorType.ofFloats("x", 3);
        TensorType q = tensor("q", SIGNED, 1, 0, 3);
        TensorType out = tensor("out", SIGNED, 1, 0, 3);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(Combine.sum("twice", List.of(q, q), out, MODE))
                        .add(Dequantize.linear("end", out, TensorType.ofFloats("y", 3), false))
                        .output("y")
                        .build();
        int[] in = {1, -64, 100};
        assertThat(BothEngines.run(model, Map.of("q", TensorData.of(in)), 1))
                .containsExactly(2, -128, 127);
    }

    /** Its own operators round in another order, so a graph for any machine has none of them. */
    @ParameterizedTest
    @EnumSource(Combine.Kind.class)
    void onnxRuntimeFusesNothing(Combine.Kind kind, @TempDir Path folder) throws IOException {
        TestModels models = new TestModels(7, MODE, 8, 8);
        IntegerModel model = TestModels.around(models.op(TestModels.Kind.valueOf(kind.name())));
        Path file = folder.resolve("model.onnx");
        Files.write(file, OnnxQdq.of(model, OnnxQdq.Ends.INTEGERS).toByteArray());
        assertThat(OnnxRuns.optimized(file).keySet())
                .doesNotContain("QLinearAdd", "QLinearMul", "DequantizeLinear")
                .contains(kind == Combine.Kind.MAX ? "Max" : "QuantizeLinear");
    }

    @Test
    void fixedPointIsLeftToTheJavaEngine() {
        TestModels models = new TestModels(7, Requantization.FIXED_POINT, 8, 8);
        IntegerModel model = TestModels.around(models.op(TestModels.Kind.SUM));
        assertThat(OnnxSupport.obstacle(model).orElseThrow()).contains("FIXED_POINT");
        TestModels wide = new TestModels(7, MODE, 9, 8);
        IntegerModel nine = TestModels.around(wide.op(TestModels.Kind.PRODUCT));
        assertThat(OnnxSupport.obstacle(nine).orElseThrow()).contains("8 bits");
    }

    @Test
    void productThatCouldOverflowIsRefused() {
        QuantSpec wide = new QuantSpec(16, false, Symmetry.AFFINE, false, Granularity.perTensor());
        TensorType a = tensor("q", wide, 1, 0, 2);
        TensorType b = tensor("q1", wide, 1, 0, 2);
        Combine op = Combine.product("layer", a, b, tensor("out", wide, 1, 0, 2), MODE);
        assertThatThrownBy(() -> TestModels.around(op))
                .hasMessageContaining("Combine 'layer'")
                .hasMessageContaining("can reach 4294836225");
    }

    @Test
    void saysWhatDoesNotGoTogether() {
        TensorType a = tensor("a", UNSIGNED, 1, 0, 2, 4);
        TensorType other = tensor("b", UNSIGNED, 2, 0, 2, 4);
        TensorType out = tensor("out", UNSIGNED, 1, 0, 2, 4);
        assertThatThrownBy(() -> Combine.sum("add", List.of(a, other), out, MODE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Combine 'add': SUM of inputs with different scales")
                .hasMessageContaining("Lookup");
        assertThatThrownBy(() -> Combine.sum("add", List.of(a), out, MODE))
                .hasMessageContaining("1 inputs, expected 2 to 32768");
        assertThatThrownBy(
                        () ->
                                Combine.sum(
                                        "add",
                                        List.of(a, tensor("c", UNSIGNED, 1, 0, 4)),
                                        out,
                                        MODE))
                .hasMessageContaining("does not go with 'a' [2, 4]")
                .hasMessageContaining("one rank");
        assertThatThrownBy(
                        () ->
                                Combine.sum(
                                        "add",
                                        List.of(a, tensor("c", UNSIGNED, 1, 0, 3, 4)),
                                        out,
                                        MODE))
                .hasMessageContaining("does not go with 'a' [2, 4]");
        assertThatThrownBy(
                        () ->
                                new Combine(
                                        "sub",
                                        List.of(a, a, a),
                                        out,
                                        Combine.Kind.SUBTRACT,
                                        MODE,
                                        0,
                                        255))
                .hasMessageContaining("SUBTRACT of 3 tensors; it takes two");
        assertThatThrownBy(() -> Combine.max("max", List.of(a, other), out))
                .hasMessageContaining("must mean the same");
        assertThatThrownBy(() -> Combine.max("max", List.of(a, a), out).withClamp(3, 255))
                .hasMessageContaining("clamps nothing");
        assertThatThrownBy(
                        () ->
                                new Combine(
                                        "max", List.of(a, a), out, Combine.Kind.MAX, MODE, 0, 255))
                .hasMessageContaining("it has none");
        assertThatThrownBy(() -> Combine.sum("add", List.of(a, a), out, null))
                .hasMessageContaining("mode is null");
        assertThatThrownBy(() -> Combine.sum("add", List.of(a, a), out, MODE).withClamp(0, 256))
                .hasMessageContaining("clamp 0..256 is not within");
        assertThatThrownBy(
                        () ->
                                Combine.sum(
                                        "add",
                                        List.of(a, a),
                                        tensor("out", UNSIGNED, 1, 0, 2, 5),
                                        MODE))
                .hasMessageContaining("output is [2, 5], but should be [2, 4]");
        assertThatThrownBy(() -> Combine.sum("add", Collections.nCopies(40_000, a), out, MODE))
                .hasMessageContaining("40000 inputs");
        TensorType floats = TensorType.ofFloats("f", 2, 4);
        assertThatThrownBy(() -> Combine.sum("add", List.of(a, floats), out, MODE))
                .hasMessageContaining("is float, expected integers");
    }
}
