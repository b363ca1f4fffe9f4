package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Softmax;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Probabilities at the end of a network: over the channels, at every position. */
class SoftmaxEndTest {

    private static final int BATCH = 3;

    private static int[] shape(String sizes) {
        return Arrays.stream(sizes.split("x")).mapToInt(Integer::parseInt).toArray();
    }

    private static IntegerModel model(int[] shape, boolean linear) {
        TensorType x = TensorType.ofFloats("x", shape);
        TensorType q =
                TensorType.of(
                        "q", QuantParams.of(Quantizers.int8AffinePerTensor(), 0.0625f, 4), shape);
        TensorType y = TensorType.ofFloats("y", shape);
        float[] sines = new float[256];
        for (int i = 0; i < sines.length; i++) {
            sines[i] = (float) Math.sin(i * 0.1);
        }
        Dequantize end =
                linear
                        ? Dequantize.linear("end", q, y, true)
                        : new Dequantize("end", q, y, sines, true);
        return IntegerModel.builder()
                .input(x)
                .add(new Quantize("in", x, q))
                .add(end)
                .output("y")
                .build();
    }

    @ParameterizedTest
    @CsvSource({
        "5,true",
        "5x4,true",
        "5x4,false",
        "3x2x4,true",
        "3x2x4,false",
        "4x1x1,true",
        "1x3,true"
    })
    void probabilitiesOfEachPositionAddUpToOne(String sizes, boolean linear) throws OrtException {
        int[] shape = shape(sizes);
        IntegerModel model = model(shape, linear);
        TestModels random = new TestModels(5, Requantization.FLOAT, 8, 8);
        float[] x = random.floats(model.tensor("q"), BATCH);
        Map<String, TensorData> feeds = Map.of("x", TensorData.of(x));
        Map<String, TensorData> java = new JavaEngine(model).run(feeds, List.of("q", "y"), BATCH);
        int[] q = java.get("q").ints();
        float[] y = java.get("y").floats();
        float[] table = ((Dequantize) model.ops().get(1)).values();
        int channels = shape[0];
        int positions = model.tensor("q").elements() / channels;
        for (int e = 0; e < BATCH; e++) {
            for (int p = 0; p < positions; p++) {
                float[] logits = new float[channels];
                for (int c = 0; c < channels; c++) {
                    logits[c] = table[q[(e * channels + c) * positions + p] + 128];
                }
                Softmax.apply(logits, 0, channels);
                double sum = 0;
                for (int c = 0; c < channels; c++) {
                    assertThat(y[(e * channels + c) * positions + p]).isEqualTo(logits[c]);
                    sum += logits[c];
                }
                assertThat(sum).isCloseTo(1, within(1e-6));
            }
        }
        try (OrtEngine ort = new OrtEngine(model)) {
            assertThat(ort.run(feeds, List.of("y"), BATCH).get("y").floats()).isEqualTo(y);
        }
        float[] graph = floatGraph(model, x);
        assertThat(graph).hasSameSizeAs(y);
        for (int i = 0; i < y.length; i++) {
            assertThat(graph[i]).isCloseTo(y[i], within(1e-6f));
        }
    }

    private static float[] floatGraph(IntegerModel model, float[] x) throws OrtException {
        TensorType in = model.inputs().get(0);
        long[] shape = new long[in.rank() + 1];
        shape[0] = BATCH;
        for (int axis = 0; axis < in.rank(); axis++) {
            shape[axis + 1] = in.size(axis);
        }
        byte[] graph = OnnxQdq.of(model, OnnxQdq.Ends.FLOATS).toByteArray();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(graph);
                OnnxTensor tensor =
                        OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), shape);
                OrtSession.Result result = session.run(Map.of("x", tensor))) {
            OnnxTensor out = (OnnxTensor) result.get(0);
            assertThat(out.getInfo().getShape()).isEqualTo(shape);
            float[] y = new float[x.length];
            out.getFloatBuffer().get(y);
            return y;
        }
    }
}
