package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models whose operations form a graph: branches, joins, several inputs and outputs. */
class GraphModelTest {

    private static final QuantParams GRID =
            QuantParams.of(Quantizers.int8AffinePerTensor(), 0.05f, -20);
    private static final QuantParams GATE =
            QuantParams.of(Quantizers.uint8PerTensor(), 1 / 256f, 0);

    private final TestModels random = new TestModels(9, Requantization.FLOAT, 8, 8);

    private static TensorType tensor(String name, int... shape) {
        return TensorType.of(name, GRID, shape);
    }

    private static Weights weights(TestModels random, int... shape) {
        int[] values = new int[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
        Arrays.setAll(values, i -> random.between(-127, 127));
        int[] bias = new int[shape[0]];
        Arrays.setAll(bias, i -> random.between(-500, 500));
        return Weights.of(
                QuantParams.of(Quantizers.int8PerTensor(), 0.002f, 0),
                Arrays.stream(shape).boxed().toList(),
                values,
                bias);
    }

    /**
     * Two images; a convolution whose output is added to its input (twice read), gated by channels,
     * joined with the other image, enlarged, cropped and pooled; and a second head on the sum.
     */
    static IntegerModel model(Requantization mode) {
        TestModels random = new TestModels(10, mode, 8, 8);
        TensorType a = TensorType.ofFloats("a", 4, 6, 6);
        TensorType b = TensorType.ofFloats("b", 2, 6, 6);
        TensorType qa = tensor("qa", 4, 6, 6);
        TensorType qb = tensor("qb", 2, 6, 6);
        TensorType conv = tensor("conv", 4, 6, 6);
        TensorType sum = tensor("sum", 4, 6, 6);
        TensorType squeezed = tensor("squeezed", 4);
        TensorType gate = TensorType.of("gate", GATE, 4);
        TensorType gates = TensorType.of("gates", GATE, 4, 1, 1);
        TensorType gated = tensor("gated", 4, 6, 6);
        TensorType head = tensor("head", 3);
        TensorType second = tensor("second", 4);
        Window2d same = Window2d.of(3, 3).withPads(1, 1, 1, 1);
        Concat joined = Concat.of("join", List.of(gated, qb), "joined", 0);
        Upsample large = Upsample.of("up", joined.output(), "large", List.of(1, 2, 2));
        Slice crop = Slice.of("crop", large.output(), "crop", List.of(0, 1, 1), List.of(6, 9, 9));
        TensorType pooled = tensor("pooled", 6);
        return IntegerModel.builder()
                .requantization(mode)
                .input(a)
                .input(b)
                .add(new Quantize("inA", a, qa))
                .add(new Quantize("inB", b, qb))
                .add(Conv2d.of("conv", qa, conv, weights(random, 4, 4, 3, 3), same, mode))
                .add(Combine.sum("add", List.of(conv, qa), sum, mode).withClamp(-20, 127))
                .add(GlobalPool.of("squeeze", sum, squeezed, GlobalPool.Kind.AVERAGE, mode))
                .add(Dense.of("excite", squeezed, gate, weights(random, 4, 4), mode))
                .add(new Reshape("image", gate, gates))
                .add(Combine.product("scale", sum, gates, gated, mode))
                .add(joined)
                .add(large)
                .add(crop)
                .add(GlobalPool.of("pool", crop.output(), pooled, GlobalPool.Kind.AVERAGE, mode))
                .add(Dense.of("head", pooled, head, weights(random, 3, 6), mode))
                .add(Dequantize.linear("endHead", head, TensorType.ofFloats("y", 3), true))
                .add(GlobalPool.of("second", sum, second, GlobalPool.Kind.MAX, mode))
                .add(Dequantize.linear("endSecond", second, TensorType.ofFloats("z", 4), false))
                .output("y")
                .output("z")
                .build();
    }

    private Map<String, TensorData> images(IntegerModel model, int batch) {
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        feeds.put("a", TensorData.of(random.floats(model.tensor("qa"), batch)));
        feeds.put("b", TensorData.of(random.floats(model.tensor("qb"), batch)));
        return feeds;
    }

    @Test
    void bothEnginesAndTheFileAgree() {
        IntegerModel model = model(Requantization.FLOAT);
        int batch = 41;
        Map<String, TensorData> feeds = images(model, batch);
        List<String> wanted = List.of("y", "z", "head", "second");
        Map<String, TensorData> java = new JavaEngine(model).run(feeds, wanted, batch);
        try (OrtEngine ort = new OrtEngine(model)) {
            Map<String, TensorData> fast = ort.run(feeds, wanted, batch);
            assertThat(fast.get("y").floats()).isEqualTo(java.get("y").floats());
            assertThat(fast.get("z").floats()).isEqualTo(java.get("z").floats());
            assertThat(fast.get("head").ints()).isEqualTo(java.get("head").ints());
        }
        assertThat(Arrays.stream(java.get("head").ints()).distinct().count()).isGreaterThan(20);
        assertThat(BothEngines.run(model, feeds, batch)).isEqualTo(java.get("second").ints());
    }

    /** As in a comparison layer by layer: each inner tensor is fed as it was computed. */
    @ParameterizedTest
    @EnumSource(Requantization.class)
    void eachOperationRunsAloneOnFedTensors(Requantization mode) {
        IntegerModel model = model(mode);
        int batch = 11;
        JavaEngine engine = new JavaEngine(model);
        List<String> inner =
                model.tensors().values().stream()
                        .filter(t -> !t.isFloat())
                        .map(TensorType::name)
                        .toList();
        Map<String, TensorData> whole = engine.run(images(model, batch), inner, batch);
        for (IntegerOp op : model.ops()) {
            if (op instanceof Quantize || op instanceof Dequantize) {
                continue;
            }
            Map<String, TensorData> feeds = new LinkedHashMap<>();
            op.inputs().forEach(t -> feeds.put(t.name(), whole.get(t.name())));
            String out = op.output().name();
            int[] alone = engine.run(feeds, List.of(out), batch).get(out).ints();
            assertThat(alone).as(out).isEqualTo(whole.get(out).ints());
            int[][] last = new int[op.inputs().size()][];
            for (int k = 0; k < last.length; k++) {
                int n = op.inputs().get(k).elements();
                int[] q = whole.get(op.inputs().get(k).name()).ints();
                last[k] = Arrays.copyOfRange(q, (batch - 1) * n, batch * n);
            }
            int n = op.output().elements();
            assertThat(Arrays.copyOfRange(alone, (batch - 1) * n, batch * n))
                    .as(out)
                    .isEqualTo(NaiveReference.run(op, last));
        }
    }

    @Test
    void fedTensorIsNotComputedAgain() {
        IntegerModel model = model(Requantization.FLOAT);
        JavaEngine engine = new JavaEngine(model);
        Map<String, TensorData> feeds = images(model, 1);
        int[] zeros = new int[model.tensor("sum").elements()];
        Arrays.fill(zeros, -20);
        feeds.put("sum", TensorData.of(zeros));
        Map<String, TensorData> run = engine.run(feeds, List.of("gated", "second", "sum"), 1);
        assertThat(run.get("gated").ints()).containsOnly(-20);
        assertThat(run.get("second").ints()).containsOnly(-20);
        assertThat(run.get("sum").ints()).isEqualTo(zeros);
    }

    @Test
    void everyMissingInputIsNamed() {
        IntegerModel model = model(Requantization.FLOAT);
        JavaEngine engine = new JavaEngine(model);
        TensorData sum = TensorData.of(new int[model.tensor("sum").elements()]);
        assertThatThrownBy(() -> engine.run(Map.of("sum", sum), List.of("joined"), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[b] is not fed");
    }

    @Test
    void joinReadsWhatIsWrittenBeforeIt() {
        TensorType x = TensorType.ofFloats("x", 2);
        TensorType q = tensor("q", 2);
        TensorType late = tensor("late", 2);
        List<TensorType> both = new ArrayList<>(List.of(q, late));
        assertThatThrownBy(
                        () ->
                                IntegerModel.builder()
                                        .input(x)
                                        .add(new Quantize("in", x, q))
                                        .add(Concat.of("join", both, "joined", 0))
                                        .output("y")
                                        .build())
                .hasMessageContaining("Concat 'join' reads tensor 'late' before it is written");
    }
}
