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
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models in which float operations stand between, before and behind integers. */
class FloatIslandTest {

    private static final QuantParams GRID = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 100);
    private static final QuantParams UNIT =
            QuantParams.of(Quantizers.uint8PerTensor(), 1f / 128, 128);

    private static TensorData run(IntegerEngine engine, String fed, TensorData x, String y, int n) {
        return engine.run(Map.of(fed, x), List.of(y), n).get(y);
    }

    /** What is stated about ONNX Runtime: at most one level, and that seldom. */
    @ParameterizedTest
    @EnumSource(TestFloats.Kind.class)
    void onnxRuntimeIsWithinOneLevelBehindAnIsland(TestFloats.Kind kind) {
        long outputs = 0;
        long inner = 0;
        long different = 0;
        for (int seed = 0; seed < 60; seed++) {
            TestFloats floats = new TestFloats(seed, Requantization.FLOAT);
            IntegerModel model = floats.around(floats.op(kind));
            int batch = 1 + seed % 4;
            TensorData q = TensorData.of(floats.models().integers(model.tensor("q"), batch));
            int[] defined = run(new JavaEngine(model), "q", q, "out", batch).ints();
            try (OrtEngine ort = new OrtEngine(model)) {
                int[] fast = run(ort, "q", q, "out", batch).ints();
                for (int i = 0; i < fast.length; i++) {
                    assertThat(fast[i]).as("%s", model).isCloseTo(defined[i], within(1));
                    different += fast[i] == defined[i] ? 0 : 1;
                }
            }
            outputs += defined.length;
            int low = model.tensor("out").params().spec().qMin();
            int high = model.tensor("out").params().spec().qMax();
            inner += Arrays.stream(defined).filter(v -> v > low && v < high).count();
        }
        assertThat((double) different / outputs).isLessThan(0.01);
        // Outputs that all saturate would agree whatever the engines did.
        assertThat((double) inner / outputs).isGreaterThan(0.2);
    }

    @ParameterizedTest
    @EnumSource(TestFloats.Kind.class)
    void javaEngineQuantizesWhatTheOperationGives(TestFloats.Kind kind) {
        for (Requantization mode : Requantization.values()) {
            for (int seed = 0; seed < 10; seed++) {
                TestFloats floats = new TestFloats(seed, mode);
                FloatOp op = floats.op(kind);
                IntegerModel model = floats.around(op);
                int batch = 1 + 7 * (seed % 3);
                int[] q = floats.models().integers(model.tensor("q"), batch);
                float[] f = new float[q.length];
                for (int i = 0; i < f.length; i++) {
                    f[i] = model.tensor("q").params().dequantize(q[i], 0);
                }
                float[] g = new float[op.output().elements() * batch];
                FloatKernel.of(op).run(f, g, batch);
                JavaEngine java = new JavaEngine(model);
                assertThat(run(java, "q", TensorData.of(q), "g", batch).floats()).isEqualTo(g);
                assertThat(run(java, "f", TensorData.of(f), "g", batch).floats()).isEqualTo(g);
                int[] out = run(java, "q", TensorData.of(q), "out", batch).ints();
                QuantParams params = model.tensor("out").params();
                for (int i = 0; i < out.length; i++) {
                    assertThat(out[i]).isEqualTo(params.quantize(g[i], 0));
                }
            }
        }
    }

    /** Three tensors of different sizes, two of them on other grids. */
    private static IntegerModel attention(boolean early) {
        TensorType x = TensorType.ofFloats("x", 3, 4);
        TensorType z = TensorType.ofFloats("z", 3, 5);
        TensorType q = TensorType.of("q", GRID, 3, 4);
        TensorType k = TensorType.of("k", UNIT, 3, 5);
        TensorType v = TensorType.of("v", GRID, 3, 5);
        TensorType fq = TensorType.ofFloats("fq", 3, 4);
        TensorType fk = TensorType.ofFloats("fk", 3, 5);
        TensorType fv = TensorType.ofFloats("fv", 3, 5);
        TensorType g = TensorType.ofFloats("g", 3, 4);
        TensorType r = TensorType.of("r", GRID, 3, 4);
        TensorType y = TensorType.ofFloats("y", 3, 4);
        return IntegerModel.builder()
                .input(x)
                .input(z)
                .add(new Quantize("in", x, q))
                .add(new Quantize("inK", z, k))
                .add(new Quantize("inV", z, v))
                .add(Dequantize.linear("toQ", q, fq, false))
                .add(Dequantize.linear("toK", k, fk, false))
                .add(Dequantize.linear("toV", v, fv, false))
                .add(new DotProductAttention("attention", early ? x : fq, fk, fv, g))
                .add(new Quantize("from", g, r))
                .add(Dequantize.linear("end", r, y, false))
                .output("y")
                .output("g")
                .build();
    }

    @Test
    void attentionReadsThreeTensors_onBothEngines_andInAFile() throws java.io.IOException {
        IntegerModel model = attention(false);
        assertThat(Qnet.read(QnetTest.bytes(model), "memory")).isEqualTo(model);
        assertThat(model.floatIslands()).containsExactly("attention");
        java.util.Random random = new java.util.Random(4);
        int batch = 7;
        Map<String, TensorData> fed =
                Map.of(
                        "x", TensorData.of(randoms(random, 12 * batch)),
                        "z", TensorData.of(randoms(random, 15 * batch)));
        Map<String, TensorData> slow =
                new JavaEngine(model).run(fed, List.of("r", "g", "y"), batch);
        try (OrtEngine ort = new OrtEngine(model)) {
            Map<String, TensorData> fast = ort.run(fed, List.of("r", "g", "y"), batch);
            int[] a = slow.get("r").ints();
            int[] b = fast.get("r").ints();
            for (int i = 0; i < a.length; i++) {
                assertThat(b[i]).isCloseTo(a[i], within(1));
            }
            // Floats that leave the model are made by the Java engine in both.
            assertThat(fast.get("g").floats()).isEqualTo(slow.get("g").floats());
        }
        String manifest = QnetTest.manifest(model);
        assertThat(manifest).contains("DotProductAttention");
        assertThatThrownBy(() -> attention(true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("put a Quantize and a Dequantize before it");
    }

    private static float[] randoms(java.util.Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = 3 * random.nextFloat() - 1;
        }
        return values;
    }

    /** Conv, island, conv, and a float operation behind the last integers. */
    static IntegerModel network(TestModels models) {
        TensorType x = TensorType.ofFloats("x", 2, 6, 6);
        TensorType q = TensorType.of("q", GRID, 2, 6, 6);
        Window2d w = Window2d.of(3, 3).withPads(1, 1, 1, 1);
        Weights first = models.weights(0.01, 12, 2, 3, 3);
        TensorType c = TensorType.of("c", GRID, 12, 6, 6);
        TensorType f = TensorType.ofFloats("f", 12, 6, 6);
        TensorType g = TensorType.ofFloats("g", 12, 6, 6);
        TensorType r = TensorType.of("r", GRID, 12, 6, 6);
        Weights second = models.weights(0.01, 14, 12, 3, 3);
        TensorType d = TensorType.of("d", GRID, 14, 6, 6);
        TensorType e = TensorType.ofFloats("e", 14, 6, 6);
        TensorType y = TensorType.ofFloats("y", 14, 6, 6);
        return IntegerModel.builder()
                .input(x)
                .add(new Quantize("begin", x, q))
                .add(Conv2d.of("conv1", q, c, first, w, Requantization.FLOAT))
                .add(Dequantize.linear("lrn/in", c, f, false))
                .add(new LocalResponseNorm("lrn", f, g, 2, 5, 1e-2, 0.75))
                .add(new Quantize("lrn/out", g, r))
                .add(Conv2d.of("conv2", r, d, second, w, Requantization.FLOAT))
                .add(Dequantize.linear("yolo/in", d, e, false))
                .add(new YoloActivation("yolo", e, y, List.of(1f, 2f, 3f, 4f)))
                .output("y")
                .build();
    }

    @Test
    void floatsBehindTheLastIntegersAreMadeByTheSameCode() {
        TestModels models = new TestModels(3, Requantization.FLOAT, 8, 8);
        IntegerModel model = network(models);
        float[] x = models.floats(model.tensor("q"), 300);
        try (IntegerNetwork java = IntegerNetwork.of(model, EngineChoice.JAVA);
                IntegerNetwork ort = IntegerNetwork.of(model, EngineChoice.ONNX_RUNTIME)) {
            float[] defined = java.output(x, 300);
            float[] fast = ort.output(x, 300);
            assertThat(java.quantizedOutput()).isEqualTo(model.tensor("d"));
            int[] q = models.integers(model.tensor("q"), 2);
            assertThat(java.output(q, 2)).hasSize(2 * 14 * 36);
            int equal = 0;
            for (int i = 0; i < fast.length; i++) {
                equal += fast[i] == defined[i] ? 1 : 0;
            }
            assertThat(equal).isGreaterThan(fast.length * 99 / 100);
            assertThat(java.summary()).contains("Computed in float: lrn, yolo\n");
        }
        assertThat(model.floatIslands()).containsExactly("lrn", "yolo");
        assertThat(models.lenet(18, 2, 2, 3, 2).floatIslands()).isEmpty();
    }

    /**
     * Neighbours that ONNX Runtime moves or fuses: a pool and a transposition before an island of
     * two operations that begins with a table, a reshape and a dense layer behind it.
     */
    @Test
    void neighboursOfAnIslandStayExact() {
        long different = 0;
        long outputs = 0;
        for (int seed = 0; seed < 20; seed++) {
            TestModels models = new TestModels(seed, Requantization.FLOAT, 8, 8);
            IntegerModel model = neighbours(models);
            TensorData q = TensorData.of(models.integers(model.tensor("q"), 50));
            int[] defined = run(new JavaEngine(model), "q", q, "d", 50).ints();
            try (OrtEngine ort = new OrtEngine(model)) {
                int[] fast = run(ort, "q", q, "d", 50).ints();
                for (int i = 0; i < fast.length; i++) {
                    different += fast[i] == defined[i] ? 0 : 1;
                }
            }
            outputs += defined.length;
            assertThat(Arrays.stream(defined).distinct().count()).isGreaterThan(5);
        }
        assertThat((double) different / outputs).isLessThan(0.01);
    }

    private static IntegerModel neighbours(TestModels models) {
        TensorType x = TensorType.ofFloats("x", 3, 6, 6);
        TensorType q = TensorType.of("q", models.activation(0.05), 3, 6, 6);
        Window2d half = Window2d.of(2, 2).withStride(2, 2);
        TensorType pooled = TensorType.of("pooled", q.params(), 3, 3, 3);
        TensorType turned = TensorType.of("turned", q.params(), 3, 3, 3);
        TensorType f = TensorType.ofFloats("f", 3, 3, 3);
        TensorType g = TensorType.ofFloats("g", 3, 3, 3);
        TensorType h = TensorType.ofFloats("h", 3, 3, 3);
        TensorType r = TensorType.of("r", UNIT, 3, 3, 3);
        TensorType flat = TensorType.of("flat", UNIT, 27);
        Weights weights = models.weights(0.01, 5, 27);
        TensorType d = TensorType.of("d", models.activation(0.01), 5);
        float[] table = new float[256];
        for (int i = 0; i < table.length; i++) {
            table[i] = (float) Math.sin(i);
        }
        return IntegerModel.builder()
                .input(x)
                .add(new Quantize("begin", x, q))
                .add(new MaxPool2d("pool", q, pooled, half))
                .add(new Transpose("turn", pooled, turned, List.of(2, 0, 1)))
                .add(new Dequantize("to", turned, f, Arrays.copyOf(table, levels(q)), false))
                .add(new FloatSoftmax("softmax", f, g))
                .add(new L2Normalize("l2", g, h, 1e-8))
                .add(new Quantize("from", h, r))
                .add(new Reshape("flatten", r, flat))
                .add(Dense.of("dense", flat, d, weights, Requantization.FLOAT))
                .add(Dequantize.linear("end", d, TensorType.ofFloats("y", 5), false))
                .output("y")
                .build();
    }

    private static int levels(TensorType tensor) {
        return tensor.params().spec().qMax() - tensor.params().spec().qMin() + 1;
    }

    @Test
    void lastIntegersMayBeFedInsteadOfComputed() {
        TestModels models = new TestModels(3, Requantization.FLOAT, 8, 8);
        IntegerModel model = network(models);
        TensorData d = TensorData.of(models.integers(model.tensor("d"), 2));
        try (OrtEngine ort = new OrtEngine(model)) {
            assertThat(run(ort, "d", d, "y", 2).floats())
                    .isEqualTo(run(new JavaEngine(model), "d", d, "y", 2).floats());
            TensorData c = TensorData.of(models.integers(model.tensor("c"), 2));
            assertThatThrownBy(() -> run(ort, "c", c, "y", 2))
                    .hasMessageContaining("tensor 'c' cannot be fed, use EngineChoice.JAVA");
            for (String inner : List.of("c", "f", "g", "r")) {
                TensorData q = TensorData.of(models.integers(model.tensor("q"), 1));
                assertThatThrownBy(() -> run(ort, "q", q, inner, 1))
                        .hasMessageContaining("tensor '" + inner + "' is not an end");
            }
        }
    }

    /** One tensor that leads into an island and, by way of another operation, out of the model. */
    @Test
    void floatsMayLeadToAnIslandAndOutOfTheModel() {
        TensorType x = TensorType.ofFloats("x", 4);
        TensorType q = TensorType.of("q", GRID, 4);
        TensorType f = TensorType.ofFloats("f", 4);
        TensorType g = TensorType.ofFloats("g", 4);
        TensorType r = TensorType.of("r", UNIT, 4);
        TensorType y = TensorType.ofFloats("y", 4);
        TensorType p = TensorType.ofFloats("p", 4);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("begin", x, q))
                        .add(Dequantize.linear("to", q, f, false))
                        .add(new L2Normalize("l2", f, g, 1e-8))
                        .add(new Quantize("from", g, r))
                        .add(Dequantize.linear("end", r, y, false))
                        .add(new FloatSoftmax("softmax", g, p))
                        .output("y")
                        .output("p")
                        .output("g")
                        .build();
        float[] in = {3, -4, 0, 0};
        for (EngineChoice choice : EngineChoice.values()) {
            try (IntegerNetwork net = IntegerNetwork.of(model, choice)) {
                Map<String, float[]> out = net.output(Map.of("x", in), 1);
                assertThat(out.get("g")).containsExactly(0.6f, -0.8f, 0, 0);
                assertThat(out.get("y")).containsExactly(77 / 128f, -102 / 128f, 0, 0);
                double sum = Math.exp(0.6f) + Math.exp(-0.8f) + 2;
                assertThat(out.get("p")[0]).isEqualTo((float) (Math.exp(0.6f) / sum));
            }
        }
    }

    @Test
    void floatsMayComeBeforeTheFirstIntegers() {
        TensorType x = TensorType.ofFloats("x", 2);
        TensorType g = TensorType.ofFloats("g", 2);
        TensorType r = TensorType.of("r", UNIT, 2);
        TensorType y = TensorType.ofFloats("y", 2);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new L2Normalize("l2", x, g, 1e-8))
                        .add(new Quantize("from", g, r))
                        .add(Dequantize.linear("end", r, y, false))
                        .output("y")
                        .build();
        for (EngineChoice choice : EngineChoice.values()) {
            try (IntegerNetwork net = IntegerNetwork.of(model, choice)) {
                assertThat(net.output(new float[] {30, 40, 0, 0}, 2))
                        .containsExactly(77 / 128f, 102 / 128f, 0, 0);
                Map<String, TensorData> doubles =
                        Map.of("x", TensorData.of(new double[] {0.3, 0.4}));
                IntegerEngine java = new JavaEngine(model);
                assertThat(java.run(doubles, List.of("y"), 1).get("y").floats())
                        .containsExactly(77 / 128f, 102 / 128f);
            }
        }
    }

    /** There is no Softmax in it: ONNX Runtime fuses that to one on bytes that is far off. */
    @ParameterizedTest
    @EnumSource(TestFloats.Kind.class)
    void graphWithFloatEndsHasTheIslandToo(TestFloats.Kind kind) throws OrtException {
        TestFloats floats = new TestFloats(5, Requantization.FLOAT);
        IntegerModel model = floats.around(floats.op(kind));
        float[] x = floats.models().floats(model.tensor("q"), 3);
        float[] defined = run(new JavaEngine(model), "x", TensorData.of(x), "y", 3).floats();
        ModelProto graph = OnnxQdq.of(model, OnnxQdq.Ends.FLOATS);
        Map<String, Integer> types = new TreeMap<>();
        for (NodeProto node : graph.getGraph().getNodeList()) {
            types.merge(node.getOpType(), 1, Integer::sum);
        }
        assertThat(types).doesNotContainKey("Softmax");
        assertThat(types).containsEntry("QuantizeLinear", 2).containsEntry("DequantizeLinear", 2);
        TensorType q = model.tensor("q");
        long[] shape = new long[q.rank() + 1];
        shape[0] = 3;
        for (int axis = 0; axis < q.rank(); axis++) {
            shape[axis + 1] = q.size(axis);
        }
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(graph.toByteArray());
                OnnxTensor in = OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), shape);
                OrtSession.Result result = session.run(Map.of("x", in))) {
            float[] y = new float[defined.length];
            ((OnnxTensor) result.get(0)).getFloatBuffer().get(y);
            float level = model.tensor("out").params().scale() * 1.001f;
            for (int i = 0; i < y.length; i++) {
                assertThat(y[i]).isCloseTo(defined[i], within(level));
            }
        }
    }

    @Test
    void powersThatFloatsCannotHoldAreLeftToTheJavaEngine() {
        TensorType x = TensorType.ofFloats("x", 1, 2);
        TensorType q = TensorType.of("q", GRID, 1, 2);
        TensorType f = TensorType.ofFloats("f", 1, 2);
        TensorType y = TensorType.ofFloats("y", 1);
        for (int p : new int[] {15, 16}) {
            IntegerModel model =
                    IntegerModel.builder()
                            .input(x)
                            .add(new Quantize("begin", x, q))
                            .add(Dequantize.linear("to", q, f, false))
                            .add(new GlobalPNormPool("pool", f, y, p))
                            .output("y")
                            .build();
            try (IntegerNetwork net = IntegerNetwork.of(model)) {
                assertThat(net.engine()).startsWith(p == 15 ? "ONNX" : "Java");
                assertThat(net.output(new float[] {-4, 0}, 1)).containsExactly(4);
            }
        }
    }

    @Test
    void modelSaysWhereFloatsMayNotBe() {
        TensorType x = TensorType.ofFloats("x", 2);
        TensorType q = TensorType.of("q", GRID, 2);
        TensorType f = TensorType.ofFloats("f", 2);
        TensorType g = TensorType.ofFloats("g", 2);
        TensorType r = TensorType.of("r", UNIT, 2);
        IntegerModel.Builder begun =
                IntegerModel.builder().input(x).add(new Quantize("begin", x, q));
        begun.add(Dequantize.linear("to", q, f, true));
        assertThatThrownBy(() -> begun.add(new FloatSoftmax("s", f, g)).output("g").build())
                .hasMessageContaining("FloatSoftmax 's' reads 'f' [2] float, but the softmax of")
                .hasMessageContaining("Dequantize 'to' is for the end");
        assertThatThrownBy(
                        () ->
                                IntegerModel.builder()
                                        .input(x)
                                        .add(new Quantize("begin", x, q))
                                        .add(Dequantize.linear("to", q, f, false))
                                        .add(new Quantize("from", f, r))
                                        .output("f")
                                        .build())
                .hasMessageContaining("1 problem")
                .hasMessageContaining("Quantize 'from' reads 'f' [2] float, which comes straight")
                .hasMessageContaining("a Lookup does the same");
        assertThatThrownBy(
                        () ->
                                IntegerModel.builder()
                                        .input(x)
                                        .add(new FloatSoftmax("s", x, g))
                                        .output("g")
                                        .build())
                .hasMessageContaining("output 'g' [2] float is made of the inputs without any");
    }
}
