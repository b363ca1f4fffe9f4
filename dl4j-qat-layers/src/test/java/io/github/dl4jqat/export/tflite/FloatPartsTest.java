package io.github.dl4jqat.export.tflite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.export.tflite.TfLiteRuntime.Kernels;
import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.Embedding;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.FloatSoftmax;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.L2Normalize;
import io.github.dl4jqat.integer.LocalResponseNorm;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.UnsupportedOpException;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where floats enter, leave, and are computed with. */
class FloatPartsTest {

    private static final QuantParams BYTES =
            QuantParams.of(Quantizers.uint8PerTensor(), 0.02f, 100);

    private static float[] run(IntegerModel model, int batch, float[]... inputs) {
        byte[] file = new TfLiteExporter().toBytes(model);
        try (TfLiteRuntime runtime = new TfLiteRuntime(file, Kernels.XNNPACK, batch)) {
            return (float[]) runtime.run(List.of((Object[]) inputs)).get(0);
        }
    }

    private static float[] defined(IntegerModel model, int batch, float[] input) {
        try (IntegerNetwork net = IntegerNetwork.of(model, EngineChoice.JAVA)) {
            return net.output(input, batch);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anEmbeddingPicksRows(boolean rowVector) {
        int[][] table = {{1, 2, 3}, {40, 50, 60}, {255, 0, 128}, {7, 8, 9}};
        TensorType x = rowVector ? TensorType.ofFloats("x", 1, 2) : TensorType.ofFloats("x", 2);
        TensorType q = TensorType.of("q", BYTES, 3, 2);
        TensorType y = TensorType.ofFloats("y", 3, 2);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Embedding("words", x, q, table))
                        .add(Dequantize.linear("end", q, y, false))
                        .output("y")
                        .build();
        float[] got = run(model, 2, new float[] {2, 0, 1, 3});
        // Time comes before channels in the file.
        float[] expected = new float[12];
        int[] words = {2, 0, 1, 3};
        for (int i = 0; i < expected.length; i++) {
            expected[i] = BYTES.dequantize(table[words[i / 3]][i % 3], 0);
        }
        assertThat(got).isEqualTo(expected);
    }

    @Test
    void functionsAtTheEndAreTables() {
        TensorType x = TensorType.ofFloats("x", 5);
        TensorType q = TensorType.of("q", BYTES, 5);
        TensorType y = TensorType.ofFloats("y", 5);
        float[] values = new float[256];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (1 / (1 + Math.exp(-BYTES.dequantize(i, 0))));
        }
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(new Dequantize("end", q, y, values, false))
                        .output("y")
                        .build();
        float[] in = {-3, -0.5f, 0, 0.333f, 9};
        assertThat(run(model, 1, in)).isEqualTo(defined(model, 1, in));
        byte[] file =
                TfLiteExporter.builder().output(TfLiteExporter.Ends.INT8).build().toBytes(model);
        try (TfLiteRuntime runtime = new TfLiteRuntime(file, Kernels.BUILT_IN)) {
            byte[] got = (byte[]) runtime.run(List.of(in)).get(0);
            float[] expected = defined(model, 1, in);
            assertThat(runtime.outputScale(0)).isEqualTo(1f / 256);
            for (int i = 0; i < got.length; i++) {
                assertThat((got[i] + 128) / 256f).isCloseTo(expected[i], within(0.51f / 256));
            }
        }
    }

    @Test
    void aFunctionWithoutBoundsHasNoBytes() {
        TensorType x = TensorType.ofFloats("x", 5);
        TensorType q = TensorType.of("q", BYTES, 5);
        TensorType y = TensorType.ofFloats("y", 5);
        float[] values = new float[256];
        Arrays.fill(values, 3);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(new Dequantize("end", q, y, values, false))
                        .output("y")
                        .build();
        TfLiteExporter bytes = TfLiteExporter.builder().output(TfLiteExporter.Ends.INT8).build();
        assertThatThrownBy(() -> bytes.toBytes(model))
                .isInstanceOf(UnsupportedOpException.class)
                .hasMessageContaining("within -1 to 1 only; use a float output");
    }

    @Test
    void localResponseNormalizationAndSoftmaxAreOperators() {
        TensorType x = TensorType.ofFloats("x", 6, 2, 2);
        TensorType q = TensorType.of("q", BYTES, 6, 2, 2);
        TensorType f = TensorType.ofFloats("f", 6, 2, 2);
        TensorType n = TensorType.ofFloats("n", 6, 2, 2);
        TensorType y = TensorType.ofFloats("y", 6, 2, 2);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(Dequantize.linear("out", q, f, false))
                        .add(new LocalResponseNorm("lrn", f, n, 2, 5, 0.3, 0.75))
                        .add(new FloatSoftmax("softmax", n, y))
                        .output("y")
                        .build();
        float[] in = new float[24];
        for (int i = 0; i < in.length; i++) {
            in[i] = (i * 7 % 24 - 11) / 8f;
        }
        float[] got = run(model, 1, toFile(x, in));
        float[] expected = toFile(y, defined(model, 1, in));
        for (int i = 0; i < got.length; i++) {
            assertThat(got[i]).isCloseTo(expected[i], within(1e-5f));
        }
        assertThat(expected[0]).isNotCloseTo(expected[1], within(1e-3f));
    }

    private static float[] toFile(TensorType type, float[] x) {
        int[] order = Layout.order(type);
        float[] y = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[order[i]];
        }
        return y;
    }

    @Test
    void otherFloatFormulasAreRefusedByName() {
        TensorType x = TensorType.ofFloats("x", 4);
        TensorType q = TensorType.of("q", BYTES, 4);
        TensorType f = TensorType.ofFloats("f", 4);
        TensorType y = TensorType.ofFloats("y", 4);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(Dequantize.linear("out", q, f, false))
                        .add(new L2Normalize("norm", f, y, 1e-8))
                        .output("y")
                        .build();
        assertThatThrownBy(() -> new TfLiteExporter().toBytes(model))
                .isInstanceOf(UnsupportedOpException.class)
                .hasMessageContaining("L2Normalize 'norm': TFLite has no built-in operator");
    }

    @Test
    void oneInputReadTwiceIsOneTensorOfBytes() {
        TensorType x = TensorType.ofFloats("x", 3);
        TensorType a = TensorType.of("a", BYTES, 3);
        TensorType b = TensorType.of("b", BYTES, 3);
        TensorType z = TensorType.of("z", QuantParams.of(BYTES.spec(), 0.04f, 100), 3);
        TensorType y = TensorType.ofFloats("y", 3);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("ina", x, a))
                        .add(new Quantize("inb", x, b))
                        .add(Combine.sum("sum", List.of(a, b), z, Requantization.FLOAT))
                        .add(Dequantize.linear("end", z, y, false))
                        .output("y")
                        .build();
        byte[] file =
                TfLiteExporter.builder().input(TfLiteExporter.Ends.INT8).build().toBytes(model);
        try (TfLiteRuntime runtime = new TfLiteRuntime(file, Kernels.XNNPACK)) {
            float[] got = (float[]) runtime.run(List.of(new byte[] {-28, 0, 50})).get(0);
            assertThat(got).isEqualTo(new float[] {0, 28 * 0.04f, 78 * 0.04f});
        }
    }
}
