package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.Requantization;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class JavaEngineTest {

    private static final int CONFIGURATIONS = 60;

    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void everyOperationEqualsTheReference(TestModels.Kind kind) {
        for (Requantization mode : Requantization.values()) {
            for (int seed = 0; seed < CONFIGURATIONS; seed++) {
                TestModels models = TestModels.upTo8Bits(seed, mode);
                check(models, models.op(kind), 1 + seed % 5);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void sixteenBitsToo(TestModels.Kind kind) {
        for (int seed = 0; seed < 10; seed++) {
            TestModels models = new TestModels(seed, Requantization.FLOAT, 9 + seed % 8, 8);
            check(models, models.op(kind), 3);
        }
    }

    private static void check(TestModels models, IntegerOp op, int batch) {
        IntegerModel model = TestModels.around(op);
        Map<String, TensorData> feeds = models.feeds(op, batch);
        int[] out = new JavaEngine(model).run(feeds, List.of("out"), batch).get("out").ints();
        int m = op.output().elements();
        for (int e = 0; e < batch; e++) {
            int[] expected = NaiveReference.run(op, example(op, feeds, e));
            assertThat(Arrays.copyOfRange(out, e * m, (e + 1) * m))
                    .as("%s", op)
                    .isEqualTo(expected);
        }
    }

    /** What each input has for an example. */
    private static int[][] example(IntegerOp op, Map<String, TensorData> tensors, int e) {
        int[][] parts = new int[op.inputs().size()][];
        for (int k = 0; k < parts.length; k++) {
            int n = op.inputs().get(k).elements();
            int[] q = tensors.get(op.inputs().get(k).name()).ints();
            parts[k] = Arrays.copyOfRange(q, e * n, (e + 1) * n);
        }
        return parts;
    }

    @Test
    void wholeNetworkIsItsLayersOneAfterTheOther() {
        for (Requantization mode : Requantization.values()) {
            TestModels models = new TestModels(3, mode, 8, 8);
            IntegerModel model = models.lenet(16, 3, 4, 7, 5);
            int batch = 13;
            int[] q = models.integers(model.tensor("q"), batch);
            JavaEngine engine = new JavaEngine(model);
            List<String> all =
                    model.tensors().keySet().stream().filter(t -> !t.equals("x")).toList();
            Map<String, TensorData> whole = engine.run(Map.of("q", TensorData.of(q)), all, batch);
            for (IntegerOp op : model.ops()) {
                if (op instanceof Quantize || op instanceof Dequantize) {
                    continue;
                }
                String in = op.inputs().get(0).name();
                String out = op.output().name();
                Map<String, TensorData> alone =
                        engine.run(Map.of(in, whole.get(in)), List.of(out), batch);
                assertThat(alone.get(out).ints()).as(out).isEqualTo(whole.get(out).ints());
                int n = op.inputs().get(0).elements();
                int[] first = NaiveReference.run(op, Arrays.copyOf(whole.get(in).ints(), n));
                assertThat(Arrays.copyOf(whole.get(out).ints(), first.length)).isEqualTo(first);
            }
        }
    }

    @Test
    void resultDoesNotDependOnTheBatch() {
        TestModels models = new TestModels(5, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(16, 3, 4, 7, 5);
        JavaEngine engine = new JavaEngine(model);
        int n = model.tensor("q").elements();
        float[] x = models.floats(model.tensor("q"), 37);
        float[] whole =
                engine.run(Map.of("x", TensorData.of(x)), List.of("y"), 37).get("y").floats();
        for (int e = 0; e < 37; e++) {
            float[] one = Arrays.copyOfRange(x, e * n, (e + 1) * n);
            assertThat(
                            engine.run(Map.of("x", TensorData.of(one)), List.of("y"), 1)
                                    .get("y")
                                    .floats())
                    .isEqualTo(Arrays.copyOfRange(whole, e * 5, (e + 1) * 5));
        }
    }

    @Test
    void threadsDoNotDisturbEachOther() {
        TestModels models = new TestModels(6, Requantization.FIXED_POINT, 8, 8);
        IntegerModel model = models.lenet(16, 3, 4, 7, 5);
        JavaEngine engine = new JavaEngine(model);
        float[] x = models.floats(model.tensor("q"), 9);
        float[] expected =
                engine.run(Map.of("x", TensorData.of(x)), List.of("y"), 9).get("y").floats();
        List<float[]> all =
                IntStream.range(0, 64)
                        .parallel()
                        .mapToObj(
                                i ->
                                        engine.run(Map.of("x", TensorData.of(x)), List.of("y"), 9)
                                                .get("y")
                                                .floats())
                        .toList();
        assertThat(all).allSatisfy(y -> assertThat(y).isEqualTo(expected));
    }

    @Test
    void namesWhatIsWrongWithARun() {
        TestModels models = new TestModels(8, Requantization.FLOAT, 4, 8);
        IntegerModel model = TestModels.around(models.op(TestModels.Kind.DENSE));
        JavaEngine engine = new JavaEngine(model);
        int n = model.tensor("q").elements();
        int high = model.tensor("q").params().spec().qMax();
        int[] outside = new int[n];
        Arrays.fill(outside, high);
        outside[n - 1] = high + 1;
        assertThatThrownBy(() -> run(engine, "q", TensorData.of(outside), "out", 1))
                .hasMessageContaining("element " + (n - 1) + " is " + (high + 1));
        assertThatThrownBy(() -> run(engine, "q", TensorData.of(new int[n + 1]), "out", 1))
                .hasMessageContaining("have " + n + " elements, got " + (n + 1));
        assertThatThrownBy(() -> run(engine, "q", TensorData.of(new float[n]), "out", 1))
                .hasMessageContaining("got floats");
        assertThatThrownBy(() -> run(engine, "out", TensorData.of(new int[0]), "q", 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> run(engine, "nowhere", TensorData.of(new int[0]), "q", 1))
                .hasMessageContaining("there is no tensor 'nowhere'");
        assertThatThrownBy(() -> run(engine, "q", TensorData.of(new int[0]), "out", 0))
                .hasMessageContaining("batch of 0");
        assertThatThrownBy(() -> engine.run(Map.of(), List.of("out"), 1))
                .hasMessageContaining("[x] is not fed");
    }

    private static void run(
            JavaEngine engine, String fed, TensorData data, String wanted, int batch) {
        engine.run(Map.of(fed, data), List.of(wanted), batch);
    }
}
