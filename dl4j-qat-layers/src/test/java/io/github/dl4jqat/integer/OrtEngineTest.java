package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class OrtEngineTest {

    private static final Logger LOG = LoggerFactory.getLogger(OrtEngineTest.class);
    private static final int CONFIGURATIONS = 40;
    private static final int MANY_CONFIGURATIONS = 2000;

    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void everyOperationEqualsTheJavaEngine(TestModels.Kind kind) {
        compareMany(kind, CONFIGURATIONS, false);
    }

    @Tag("long")
    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void everyOperationEqualsTheJavaEngineInManyConfigurations(TestModels.Kind kind) {
        compareMany(kind, MANY_CONFIGURATIONS, false);
        compareMany(kind, MANY_CONFIGURATIONS / 10, true);
    }

    private static void compareMany(TestModels.Kind kind, int configurations, boolean large) {
        long outputs = 0;
        long inner = 0;
        for (int seed = 0; seed < configurations; seed++) {
            TestModels models = TestModels.upTo8Bits(1000 + seed, Requantization.FLOAT);
            IntegerOp op = (large ? models.large() : models).op(kind);
            int batch = 20 + seed % 3;
            int[] q = compare(TestModels.around(op), models.feeds(op, batch), batch);
            outputs += q.length;
            int low = op.output().params().spec().qMin();
            int high = op.output().params().spec().qMax();
            inner += Arrays.stream(q).filter(v -> v > low && v < high).count();
        }
        // Outputs that all saturate would agree whatever the engines did.
        assertThat((double) inner / outputs)
                .isGreaterThan(kind == TestModels.Kind.GLOBAL_MAX ? 0.01 : 0.2);
        LOG.debug("{}: {} configurations, {} outputs, none differs", kind, configurations, outputs);
    }

    private static int[] compare(TestModels models, IntegerModel model, int batch) {
        int[] q = models.integers(model.tensor("q"), batch);
        return compare(model, Map.of("q", TensorData.of(q)), batch);
    }

    private static int[] compare(IntegerModel model, Map<String, TensorData> feeds, int batch) {
        String logits = model.ops().get(model.ops().size() - 1).inputs().get(0).name();
        try (OrtEngine ort = new OrtEngine(model)) {
            int[] fast = ort.run(feeds, List.of(logits), batch).get(logits).ints();
            int[] defined =
                    new JavaEngine(model).run(feeds, List.of(logits), batch).get(logits).ints();
            assertThat(fast).as("%s", model.ops()).isEqualTo(defined);
            return defined;
        }
    }

    @Test
    void wholeNetworkEqualsTheJavaEngine() {
        for (int seed = 0; seed < 20; seed++) {
            TestModels models = TestModels.upTo8Bits(seed, Requantization.FLOAT);
            int[] logits = compare(models, models.lenet(18, 4, 6, 20, 10), 33);
            assertThat(Arrays.stream(logits).distinct().count()).isGreaterThan(1);
        }
    }

    @Test
    void floatsAreEqualToo() {
        TestModels models = new TestModels(1, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(18, 4, 6, 20, 10);
        int batch = 300;
        float[] x = models.floats(model.tensor("q"), batch);
        x[0] = Float.NaN;
        x[1] = Float.POSITIVE_INFINITY;
        Map<String, TensorData> feeds = Map.of("x", TensorData.of(x));
        try (OrtEngine ort = new OrtEngine(model)) {
            assertThat(ort.run(feeds, List.of("y"), batch).get("y").floats())
                    .isEqualTo(
                            new JavaEngine(model)
                                    .run(feeds, List.of("y"), batch)
                                    .get("y")
                                    .floats());
        }
    }

    /** They have sessions of their own, opened in either order. */
    @ParameterizedTest
    @ValueSource(ints = {8, 40})
    void shortAndLongRunsAreEqualToo(int channels) {
        TestModels models = new TestModels(2, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(18, channels, 2 * channels, 300, 10);
        try (OrtEngine ort = new OrtEngine(model);
                JavaEngine java = new JavaEngine(model)) {
            for (int batch : new int[] {1, 64, 2, 48}) {
                Map<String, TensorData> feeds =
                        Map.of("x", TensorData.of(models.floats(model.tensor("q"), batch)));
                assertThat(ort.run(feeds, List.of("y"), batch).get("y").floats())
                        .isEqualTo(java.run(feeds, List.of("y"), batch).get("y").floats());
            }
        }
    }

    /** The graph for other runtimes: floats in, floats out. */
    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void graphWithFloatEndsGivesTheSameFloats(TestModels.Kind kind) throws OrtException {
        for (int seed = 0; seed < 15; seed++) {
            TestModels models = TestModels.upTo8Bits(seed, Requantization.FLOAT);
            IntegerModel model = TestModels.around(models.op(kind));
            Map<String, TensorData> feeds = new LinkedHashMap<>();
            for (TensorType x : model.inputs()) {
                TensorType q = model.tensor(x.name().replace('x', 'q'));
                feeds.put(x.name(), TensorData.of(models.floats(q, 7)));
            }
            float[] expected = new JavaEngine(model).run(feeds, List.of("y"), 7).get("y").floats();
            assertThat(floatEnds(model, feeds, 7)).as("%s", model.ops()).isEqualTo(expected);
        }
    }

    /** The only output of the graph with float ends. */
    private static float[] floatEnds(IntegerModel model, Map<String, TensorData> feeds, int batch)
            throws OrtException {
        byte[] graph = OnnxQdq.of(model, OnnxQdq.Ends.FLOATS).toByteArray();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> in = new LinkedHashMap<>();
        try (OrtSession session = environment.createSession(graph)) {
            for (TensorType x : model.inputs()) {
                long[] shape = new long[x.rank() + 1];
                shape[0] = batch;
                for (int axis = 0; axis < x.rank(); axis++) {
                    shape[axis + 1] = x.size(axis);
                }
                FloatBuffer values = FloatBuffer.wrap(feeds.get(x.name()).floats());
                in.put(x.name(), OnnxTensor.createTensor(environment, values, shape));
            }
            try (OrtSession.Result result = session.run(in)) {
                FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
                float[] y = new float[values.remaining()];
                values.get(y);
                return y;
            }
        } finally {
            in.values().forEach(OnnxTensor::close);
        }
    }

    @Test
    void graphWithFloatEndsHasTablesAndSoftmax() throws OrtException {
        TensorType x = TensorType.ofFloats("x", 2);
        TensorType q =
                TensorType.of("q", QuantParams.of(Quantizers.int8AffinePerTensor(), 1f, 0), 2);
        float[] squares = new float[256];
        for (int i = 0; i < 256; i++) {
            squares[i] = (i - 128) * (i - 128) * 0.25f;
        }
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(new Dequantize("end", q, TensorType.ofFloats("y", 2), squares, true))
                        .output("y")
                        .build();
        byte[] graph = OnnxQdq.of(model, OnnxQdq.Ends.FLOATS).toByteArray();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        float[][] in = {{-2, 1}};
        try (OrtSession session = environment.createSession(graph);
                OnnxTensor tensor = OnnxTensor.createTensor(environment, in);
                OrtSession.Result result = session.run(Map.of("x", tensor))) {
            float[] y = ((float[][]) result.get(0).getValue())[0];
            double first = 1 / (1 + Math.exp(0.25 - 1));
            assertThat(y[0]).isCloseTo((float) first, within(1e-6f));
            assertThat(y[1]).isCloseTo((float) (1 - first), within(1e-6f));
        }
    }

    @Test
    void namesThatLookLikeOnesMadeHereDoNoHarm() {
        TestModels models = new TestModels(1, Requantization.FLOAT, 8, 8);
        Dense dense = (Dense) models.op(TestModels.Kind.DENSE);
        TensorType x = new TensorType("out/w", dense.input().shape(), null);
        TensorType q = new TensorType("out/bytes", x.shape(), dense.input().params());
        Dense renamed =
                new Dense(
                        "fc",
                        q,
                        dense.output(),
                        dense.weights(),
                        dense.mode(),
                        dense.low(),
                        dense.high());
        TensorType y = new TensorType("out/real", dense.output().shape(), null);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(renamed)
                        .add(Dequantize.linear("end", dense.output(), y, false))
                        .output("out/real")
                        .build();
        assertThat(OnnxQdq.of(model, OnnxQdq.Ends.FLOATS).getGraph().getOutput(0).getName())
                .isEqualTo("out/real");
        assertThatThrownBy(() -> new OrtEngine(model))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("'out/bytes'");
    }

    @Test
    void thisProcessorIsExact() {
        assertThat(OrtSelfCheck.isExact(OrtSelfCheck.Products.WIDE)).isTrue();
        boolean fastest = OrtSelfCheck.products() == OrtSelfCheck.Products.FASTEST;
        assertThat(fastest).isEqualTo(OrtSelfCheck.isExact(OrtSelfCheck.Products.FASTEST));
    }

    /**
     * Products of 255 and 127, two of which are too many for 16 bits. The output's step is one such
     * product, so that the integer of an output is the number of weights that it has.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theLargestProductsAddUpToTheInteger(boolean dense) {
        int most = 255;
        QuantParams one = QuantParams.of(Quantizers.uint8PerTensor(), 1f, 0);
        QuantParams product = QuantParams.of(Quantizers.uint8PerTensor(), 255f * 127f, 0);
        int[] values = new int[(most + 1) * most];
        for (int o = 0; o <= most; o++) {
            Arrays.fill(values, o * most, o * most + o, 127);
        }
        QuantParams scale = QuantParams.of(Quantizers.int8PerTensor(), 1f, 0);
        int side = dense ? 1 : 3;
        List<Integer> shape = dense ? List.of(most) : List.of(most, side, side);
        List<Integer> result = dense ? List.of(most + 1) : List.of(most + 1, side, side);
        TensorType x = new TensorType("x", shape, null);
        TensorType q = new TensorType("q", shape, one);
        TensorType out = new TensorType("out", result, product);
        List<Integer> kernel = dense ? List.of(most + 1, most) : List.of(most + 1, most, 1, 1);
        Weights weights = Weights.of(scale, kernel, values, new int[most + 1]);
        IntegerOp sum =
                dense
                        ? Dense.of("sum", q, out, weights, Requantization.FLOAT)
                        : new Conv2d(
                                "sum",
                                q,
                                out,
                                weights,
                                Window2d.of(1, 1),
                                1,
                                Requantization.FLOAT,
                                0,
                                255);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("begin", x, q))
                        .add(sum)
                        .add(
                                Dequantize.linear(
                                        "end", out, new TensorType("y", result, null), false))
                        .output("y")
                        .build();
        try (OrtEngine engine = new OrtEngine(model, null, OrtSelfCheck.products())) {
            for (int batch : new int[] {1, 3}) {
                int[] input = new int[q.elements() * batch];
                Arrays.fill(input, 255);
                int[] y =
                        engine.run(Map.of("q", TensorData.of(input)), List.of("out"), batch)
                                .get("out")
                                .ints();
                assertThat(y).hasSize((most + 1) * side * side * batch);
                for (int i = 0; i < y.length; i++) {
                    assertThat(y[i]).as("%d of %d", i, batch).isEqualTo(i / (side * side) % 256);
                }
            }
        }
    }

    @Test
    void convolutionsAndDenseLayersRunOnIntegers(@TempDir Path folder) throws IOException {
        TestModels models = new TestModels(2, Requantization.FLOAT, 8, 8);
        Map<String, Integer> ops = optimized(models.lenet(18, 4, 6, 20, 10), folder);
        assertThat(ops).containsEntry("QLinearConv", 2).containsEntry("QGemm", 2);
        assertThat(ops).doesNotContainKeys("Conv", "Gemm", "MatMul", "DequantizeLinear");
    }

    @ParameterizedTest
    @EnumSource(
            value = TestModels.Kind.class,
            names = {
                "CONV",
                "DEPTHWISE",
                "CONV_3D",
                "AVERAGE_POOL_3D",
                "DENSE",
                "GLOBAL_AVERAGE",
                "GLOBAL_SUM"
            })
    void nothingWithWeightsFallsBackToFloats(TestModels.Kind kind, @TempDir Path folder)
            throws IOException {
        for (int seed = 0; seed < 10; seed++) {
            TestModels models = TestModels.upTo8Bits(seed, Requantization.FLOAT);
            Map<String, Integer> ops = optimized(TestModels.around(models.op(kind)), folder);
            assertThat(ops).containsKey(kind == TestModels.Kind.DENSE ? "QGemm" : "QLinearConv");
            assertThat(ops).doesNotContainKeys("Conv", "Gemm", "DequantizeLinear");
        }
    }

    private static Map<String, Integer> optimized(IntegerModel model, Path folder)
            throws IOException {
        Path dump = folder.resolve("optimized.onnx");
        new OrtEngine(model, dump).close();
        Map<String, Integer> ops = new TreeMap<>();
        for (NodeProto node :
                ModelProto.parseFrom(Files.readAllBytes(dump)).getGraph().getNodeList()) {
            ops.merge(node.getOpType(), 1, Integer::sum);
        }
        return ops;
    }

    @Test
    void threadsMayShareItAndCloseIt() {
        TestModels models = new TestModels(4, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(18, 4, 6, 20, 10);
        float[] x = models.floats(model.tensor("q"), 5);
        Map<String, TensorData> feeds = Map.of("x", TensorData.of(x));
        float[] expected = new JavaEngine(model).run(feeds, List.of("y"), 5).get("y").floats();
        OrtEngine ort = new OrtEngine(model);
        List<float[]> all =
                IntStream.range(0, 200)
                        .parallel()
                        .mapToObj(i -> ort.run(feeds, List.of("y"), 5).get("y").floats())
                        .toList();
        assertThat(all).allSatisfy(y -> assertThat(y).isEqualTo(expected));
        ort.close();
        ort.close();
        assertThatThrownBy(() -> ort.run(feeds, List.of("y"), 5))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void innerTensorsAreLeftToTheJavaEngine() {
        TestModels models = new TestModels(4, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(18, 4, 6, 20, 10);
        float[] x = models.floats(model.tensor("q"), 1);
        try (OrtEngine ort = new OrtEngine(model)) {
            assertThatThrownBy(() -> ort.run(Map.of("x", TensorData.of(x)), List.of("c1"), 1))
                    .hasMessageContaining("'c1'")
                    .hasMessageContaining("EngineChoice.JAVA");
        }
    }
}
