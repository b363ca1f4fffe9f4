package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Floats;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.kernels.BackwardKernel;
import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.profiler.ProfilerConfig;

@ExtendWith(Seeds.class)
final class FakeQuantizeTest {

    private static final Map<String, INDArray> NOTHING = Collections.emptyMap();
    private static final float STEP = 0.1f;
    private static final QuantParams INT4 = QuantParams.of(Quantizers.intPerTensor(4), STEP, 0);

    /** {@code loss = sum(weight * fakeQuantize(x))} with a weight for each element. */
    private static SameDiff graph(
            INDArray x, INDArray weight, QuantParams p, int axis, GradientEstimator rule) {
        SameDiff sd = SameDiff.create();
        SDVariable in = sd.var("x", x);
        SDVariable y = FakeQuantize.apply(sd, in, p, axis, rule).rename("y");
        y.mul(sd.constant("weight", weight)).sum().rename("loss");
        sd.setLossVariables("loss");
        return sd;
    }

    private static INDArray forward(SameDiff sd) {
        return sd.outputSingle(NOTHING, "y");
    }

    private static INDArray gradient(SameDiff sd) {
        return sd.calculateGradients(NOTHING, "x").get("x");
    }

    private static int[] bits(INDArray array) {
        float[] floats = array.reshape(array.length()).toFloatVector();
        int[] bits = new int[floats.length];
        Arrays.setAll(bits, i -> Float.floatToIntBits(floats[i]));
        return bits;
    }

    private static INDArray edges(DataType type) {
        float top = 7 * STEP;
        return Nd4j.createFromArray(
                        0.234f,
                        0.3f,
                        0.05f,
                        0.15f,
                        top,
                        Math.nextUp(top),
                        -top,
                        Math.nextDown(-top),
                        -0.8f * STEP * 10,
                        5f,
                        -1e30f,
                        0f,
                        -0f,
                        Float.NaN,
                        Float.POSITIVE_INFINITY,
                        Float.NEGATIVE_INFINITY)
                .castTo(type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"identity", "clipped"})
    void the_graph_gives_the_bits_of_the_tensor_kernels_at_every_edge(String name) {
        GradientEstimator rule = GradientEstimators.named(name);
        BackwardKernel loops = (BackwardKernel) rule.kernel(INT4.spec(), Moment.training(0, 0));
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray x = edges(type);
            INDArray weight = Nd4j.linspace(1, 16, 16, type);
            INDArray y = x.ulike();
            INDArray dx = x.ulike();
            TensorKernels.fakeQuantize(x, y, INT4, 0);
            TensorKernels.backward(x, weight, dx, INT4, 0, loops);

            SameDiff sd = graph(x.dup(), weight, INT4, 0, rule);

            assertThat(forward(sd).dataType()).isEqualTo(type);
            assertThat(bits(forward(sd))).containsExactly(bits(y));
            // The loss is NaN here; the gradients of a weighted sum are still the weights.
            assertThat(bits(gradient(sd))).containsExactly(bits(dx));
        }
    }

    @Test
    void the_numbers_at_the_edges_are_those_of_the_definition() {
        SameDiff sd =
                graph(
                        edges(DataType.FLOAT),
                        Nd4j.ones(DataType.FLOAT, 16),
                        INT4,
                        0,
                        GradientEstimators.clipped());

        assertThat(forward(sd).toFloatVector())
                .containsExactly(
                        2 * STEP, 3 * STEP, 0, 2 * STEP, 7 * STEP, 7 * STEP, -7 * STEP, -7 * STEP,
                        -7 * STEP, 7 * STEP, -7 * STEP, 0, 0, Float.NaN, 7 * STEP, -7 * STEP);
        assertThat(gradient(sd).toFloatVector())
                .containsExactly(1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0);
    }

    @Test
    void granularities_orders_and_views_give_the_bits_of_the_tensor_kernels(Random random) {
        INDArray wide =
                Nd4j.createFromArray(Floats.of(3 * 4 * 9, i -> (float) random.nextGaussian()));
        List<INDArray> arrays = new ArrayList<>();
        arrays.add(wide.reshape(3, 4, 9));
        arrays.add(wide.reshape(3, 4, 9).dup('f'));
        arrays.add(wide.reshape(9, 4, 3).permute(2, 1, 0));
        arrays.add(
                wide.reshape(3, 4, 9)
                        .get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(2, 7)));
        QuantSpec int4 = Quantizers.intPerChannel(4);
        for (INDArray x : arrays) {
            int groups = (int) (x.length() / 4 + 4) / 5;
            for (QuantParams p :
                    new QuantParams[] {
                        QuantParams.of(Quantizers.uint8PerTensor(), 0.01f, 100),
                        QuantParams.of(int4, Floats.of(4, c -> 0.1f + c * 0.05f), 0),
                        QuantParams.of(
                                int4.withGranularity(Granularity.perGroup(5)),
                                Floats.of(4 * groups, c -> 0.1f + c * 0.01f),
                                0)
                    }) {
                INDArray weight = Nd4j.createUninitialized(DataType.FLOAT, x.shape()).assign(2);
                INDArray y = Nd4j.createUninitialized(DataType.FLOAT, x.shape());
                INDArray dx = Nd4j.createUninitialized(DataType.FLOAT, x.shape());
                TensorKernels.fakeQuantize(x, y, p, 1);
                TensorKernels.backward(x, weight, dx, p, 1, ClippedBackward.INSTANCE);

                for (int axis : new int[] {1, -2}) {
                    SameDiff sd = SameDiff.create();
                    SDVariable in = sd.placeHolder("x", DataType.FLOAT, x.shape());
                    SDVariable unit = sd.var("unit", Nd4j.ones(DataType.FLOAT, x.shape()));
                    SDVariable out =
                            FakeQuantize.apply(
                                            sd, in.mul(unit), p, axis, GradientEstimators.clipped())
                                    .rename("y");
                    out.mul(2).sum().rename("loss");
                    sd.setLossVariables("loss");
                    Map<String, INDArray> feed = Collections.singletonMap("x", x);

                    assertThat(sd.outputSingle(feed, "y")).isEqualTo(y);
                    assertThat(sd.calculateGradients(feed, "unit").get("unit"))
                            .isEqualTo(dx.mul(x));
                }
            }
        }
    }

    @Test
    void scale_and_zero_point_may_be_variables_and_get_zero_gradients() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.createFromArray(0.26f, 9f, -9f));
        SDVariable scale = sd.var("scale", Nd4j.createFromArray(0.25f));
        SDVariable zero = sd.var("zero", Nd4j.scalar(128f));
        FakeQuantize.apply(
                        sd,
                        x,
                        scale,
                        zero,
                        Quantizers.uint8PerTensor(),
                        0,
                        GradientEstimators.clipped())
                .rename("y")
                .sum()
                .rename("loss");
        sd.setLossVariables("loss");

        assertThat(forward(sd).toFloatVector()).containsExactly(0.25f, 9f, -9f);
        Map<String, INDArray> gradients = sd.calculateGradients(NOTHING, "x", "scale", "zero");
        assertThat(gradients.get("x").toFloatVector()).containsExactly(1, 1, 1);
        assertThat(gradients.get("scale")).isEqualTo(Nd4j.createFromArray(0f));
        assertThat(gradients.get("zero")).isEqualTo(Nd4j.scalar(0f));

        scale.getArr().assign(0.5f);
        assertThat(forward(sd).toFloatVector()).containsExactly(0.5f, 9f, -9f);
    }

    @Test
    void scale_and_zero_point_may_be_fed_and_the_batch_may_change() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 2);
        SDVariable scale = sd.placeHolder("scale", DataType.DOUBLE, 1);
        SDVariable zero = sd.placeHolder("zero", DataType.FLOAT);
        FakeQuantize.apply(
                        sd,
                        x,
                        scale,
                        zero,
                        Quantizers.uint8PerTensor(),
                        0,
                        GradientEstimators.identity())
                .rename("y");
        for (int batch : new int[] {3, 1, 5}) {
            Map<String, INDArray> feed = new HashMap<>();
            feed.put("x", Nd4j.valueArrayOf(new long[] {batch, 2}, 0.3f, DataType.FLOAT));
            feed.put("scale", Nd4j.createFromArray(0.25 / batch));
            feed.put("zero", Nd4j.scalar((float) batch));

            INDArray y = sd.outputSingle(feed, "y");

            assertThat(y.shape()).containsExactly(batch, 2);
            float step = (float) (0.25 / batch);
            assertThat(y.getFloat(0, 0)).isEqualTo((float) Math.rint(0.3f / step) * step);
        }
    }

    @Test
    void gradients_of_two_uses_of_a_variable_add() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.createFromArray(0.05f, 0.3f, 2f));
        SDVariable coarse = FakeQuantize.apply(sd, x, INT4, 0, GradientEstimators.clipped());
        SDVariable fine =
                FakeQuantize.apply(
                        sd,
                        x,
                        QuantParams.of(Quantizers.int8PerTensor(), 0.1f, 0),
                        0,
                        GradientEstimators.clipped());
        coarse.mul(3).add(fine.mul(5)).add(x).sum().rename("loss");
        sd.setLossVariables("loss");

        assertThat(gradient(sd).toFloatVector()).containsExactly(9, 9, 6);
    }

    @Test
    void fit_moves_weights_by_the_gradient_of_the_quantized_graph(Random random) {
        int n = 8;
        float rate = 0.05f;
        INDArray w = Nd4j.createFromArray(Floats.of(n, i -> (float) random.nextGaussian() * 0.4f));
        INDArray target = Nd4j.createFromArray(Floats.of(n, i -> 0.3f - 0.05f * i));
        SameDiff sd = SameDiff.create();
        SDVariable in = sd.placeHolder("in", DataType.FLOAT, 1, n);
        SDVariable label = sd.placeHolder("label", DataType.FLOAT, 1, n);
        SDVariable weights = sd.var("w", w.dup().reshape(1, n));
        SDVariable wq =
                FakeQuantize.apply(sd, weights, INT4, 0, GradientEstimators.clipped()).rename("y");
        SDVariable difference = wq.mul(in).sub(label);
        difference.mul(difference).sum().rename("loss");
        sd.setLossVariables("loss");
        sd.setTrainingConfig(
                TrainingConfig.builder()
                        .updater(new Sgd(rate))
                        .dataSetFeatureMapping("in")
                        .dataSetLabelMapping("label")
                        .build());
        DataSet data = new DataSet(Nd4j.ones(DataType.FLOAT, 1, n), target.dup().reshape(1, n));
        Map<String, INDArray> feed = new HashMap<>();
        feed.put("in", data.getFeatures());
        feed.put("label", data.getLabels());
        double lossBefore = sd.outputSingle(feed, "loss").getDouble(0);

        sd.fit(data);

        float bound = 7 * STEP;
        float[] expected =
                Floats.of(
                        n,
                        i -> {
                            float v = w.getFloat(i);
                            float q = INT4.dequantize(INT4.quantize(v, 0), 0);
                            float g = 2 * (q - target.getFloat(i));
                            return Math.abs(v) <= bound ? v - rate * g : v;
                        });
        assertThat(sd.getVariable("w").getArr().reshape(n).toFloatVector())
                .containsExactly(expected, within(1e-6f));

        for (int i = 0; i < 200; i++) {
            sd.fit(data);
        }
        double lossAfter = sd.outputSingle(feed, "loss").getDouble(0);
        assertThat(lossAfter).isLessThan(lossBefore);
    }

    @Test
    void a_saved_graph_computes_the_same(@TempDir Path folder) throws Exception {
        SameDiff sd =
                graph(
                        edges(DataType.FLOAT),
                        Nd4j.linspace(1, 16, 16, DataType.FLOAT),
                        INT4,
                        0,
                        GradientEstimators.clipped());
        INDArray y = forward(sd);
        INDArray dx = gradient(sd);
        sd.save(folder.resolve("graph.fb").toFile(), true);

        SameDiff loaded = SameDiff.load(folder.resolve("graph.fb").toFile(), true);

        assertThat(bits(forward(loaded))).containsExactly(bits(y));
        assertThat(bits(gradient(loaded))).containsExactly(bits(dx));
        loaded.createGradFunction();
        assertThat(bits(gradient(loaded))).containsExactly(bits(dx));
    }

    @Test
    void one_graph_runs_on_several_threads() throws Exception {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1);
        FakeQuantize.apply(sd, x, INT4, 0, GradientEstimators.clipped()).rename("y");
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                float v = 0.2f + 0.3f * t;
                results.add(
                        threads.submit(
                                () -> {
                                    boolean right = true;
                                    for (int i = 1; i <= 300; i++) {
                                        INDArray in =
                                                Nd4j.valueArrayOf(
                                                        new long[] {i}, v, DataType.FLOAT);
                                        INDArray out =
                                                sd.output(Collections.singletonMap("x", in), "y")
                                                        .get("y");
                                        float want = INT4.dequantize(INT4.quantize(v, 0), 0);
                                        right &= out.length() == i;
                                        right &= out.minNumber().floatValue() == want;
                                        right &= out.maxNumber().floatValue() == want;
                                    }
                                    return right;
                                }));
            }
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void execution_without_a_graph_is_refused() {
        SameDiff sd =
                graph(edges(DataType.FLOAT), Nd4j.ones(16), INT4, 0, GradientEstimators.clipped());
        forward(sd);
        FakeQuantize op = (FakeQuantize) sd.getOpById(sd.getVariables().get("y").getOutputOfOp());
        INDArray x = Nd4j.createFromArray(0.33f, 5f);
        INDArray out = Nd4j.createFromArray(9f, 9f);

        assertThatThrownBy(() -> op.addInputArgument(x))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("EstimatorKernels.forward");
        assertThatThrownBy(() -> op.setInputArgument(0, x))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> op.setInputArguments(x))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> Nd4j.exec(new FakeQuantize()))
                .hasRootCauseInstanceOf(UnsupportedOperationException.class);
        OpContext context = Nd4j.getExecutioner().buildContext();
        context.setInputArrays(x, Nd4j.createFromArray(STEP), Nd4j.scalar(0f), Nd4j.scalar(0f));
        context.setOutputArray(0, out);
        assertThatThrownBy(() -> Nd4j.exec((CustomOp) op, context))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("SameDiff graphs");

        op.calculateOutputShape(context);
        Nd4j.exec((CustomOp) op, context);
        assertThat(out.toFloatVector()).containsExactly(3 * STEP, 7 * STEP);
    }

    @Test
    void eager_mode_is_refused_instead_of_computed_wrongly() {
        SameDiff sd = SameDiff.create();
        sd.setEagerMode(true);
        SDVariable x = sd.var("x", Nd4j.createFromArray(0.33f));

        assertThatThrownBy(() -> FakeQuantize.apply(sd, x, INT4, 0, GradientEstimators.clipped()))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("eager mode");
    }

    @Test
    void values_that_cannot_be_a_scale_or_a_zero_point_stop_the_run() {
        assertThatThrownBy(() -> run(new float[] {0f}, 0f, Quantizers.int8PerTensor()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("qat_fake_quantize")
                .hasMessageContaining("scale[0]=0.0");
        assertThatThrownBy(() -> run(new float[] {0.1f}, 2.5f, Quantizers.uint8PerTensor()))
                .hasMessageContaining("zeroPoint is 2.5; expected a whole number");
        assertThatThrownBy(() -> run(new float[] {0.1f}, Float.NaN, Quantizers.uint8PerTensor()))
                .hasMessageContaining("zeroPoint is NaN");
        assertThatThrownBy(() -> run(new float[] {0.1f}, 300f, Quantizers.uint8PerTensor()))
                .hasMessageContaining("zeroPoint=300 is outside 0..255");
        assertThatThrownBy(() -> run(new float[] {1f, 1f}, 0f, Quantizers.int8PerChannel()))
                .hasMessageContaining("2 scales for an array of shape [3], which needs 3");
    }

    private static void run(float[] scale, float zeroPoint, QuantSpec spec) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.createFromArray(1f, 2f, 3f));
        FakeQuantize.apply(
                        sd,
                        x,
                        sd.constant(Nd4j.createFromArray(scale)),
                        sd.constant(Nd4j.scalar(zeroPoint)),
                        spec,
                        0,
                        GradientEstimators.clipped())
                .rename("y");
        forward(sd);
    }

    @Test
    void arguments_that_make_no_op_are_refused_when_the_graph_is_built() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.createFromArray(1f));
        SDVariable whole = sd.constant("whole", Nd4j.scalar(3));

        assertThatThrownBy(
                        () ->
                                FakeQuantize.apply(
                                        sd,
                                        x,
                                        x,
                                        whole,
                                        Quantizers.int8PerTensor(),
                                        0,
                                        GradientEstimators.clipped()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("zeroPoint is \"whole\" of type INT")
                .hasMessageContaining("castTo");
        assertThatThrownBy(() -> FakeQuantize.apply(sd, x, INT4, 0, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("estimator=null");
    }

    @Test
    void profilers_summaries_and_copies_of_a_graph_work() {
        SameDiff sd =
                graph(edges(DataType.FLOAT), Nd4j.ones(16), INT4, 0, GradientEstimators.clipped());
        INDArray y = forward(sd);
        INDArray dx = gradient(sd);
        Nd4j.getExecutioner()
                .setProfilingConfig(
                        ProfilerConfig.builder()
                                .stackTrace(true)
                                .checkElapsedTime(true)
                                .checkWorkspaces(true)
                                .build());
        try {
            assertThat(bits(forward(sd))).containsExactly(bits(y));
            assertThat(bits(gradient(sd))).containsExactly(bits(dx));
        } finally {
            Nd4j.getExecutioner().setProfilingConfig(ProfilerConfig.builder().build());
        }
        assertThat(sd.summary()).contains("FakeQuantize");
        assertThat(bits(forward(sd.dup()))).containsExactly(bits(y));
    }

    @Test
    void an_empty_input_gives_an_empty_output() {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 3);
        FakeQuantize.apply(sd, x, INT4, 0, GradientEstimators.clipped()).rename("y");

        INDArray y =
                sd.outputSingle(
                        Collections.singletonMap("x", Nd4j.create(DataType.FLOAT, 0, 3)), "y");

        assertThat(y.shape()).containsExactly(0, 3);
    }

    @Test
    void half_precision_stays_half_precision() {
        INDArray x = Nd4j.createFromArray(0.26f, 9f).castTo(DataType.FLOAT16);
        SameDiff sd =
                graph(
                        x,
                        Nd4j.ones(DataType.FLOAT16, 2),
                        QuantParams.of(Quantizers.intPerTensor(4), 0.25f, 0),
                        0,
                        GradientEstimators.clipped());

        assertThat(forward(sd).dataType()).isEqualTo(DataType.FLOAT16);
        assertThat(forward(sd).toFloatVector()).containsExactly(0.25f, 1.75f);
        assertThat(gradient(sd).toFloatVector()).containsExactly(1, 0);
    }
}
