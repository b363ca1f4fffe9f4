package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.LearnedStepBackward;
import io.github.dl4jqat.kernels.ParametricClippingBackward;
import io.github.dl4jqat.kernels.Runs;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Symmetry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ParametricClippingTest {

    private static final ParametricClipping USUAL = new ParametricClipping(0, 1e-4, 1);
    private static final QuantSpec UINT2 = Quantizers.uintPerTensor(2);
    private static final double[] X = {-.5, .2, 1.4, 2.5, 3, 3.7};

    private static QuantParams nobody() {
        throw new AssertionError("a learned bound needs no observer");
    }

    private static double start(ParametricClipping how, double... row) {
        return how.measure(
                        new TensorStatistics(new double[][] {row}), UINT2, TensorRole.ACTIVATION)[
                0][0];
    }

    @Test
    void values_and_gradients_are_those_of_the_paper() {
        Runs runs = new Runs(ParametricClippingBackward.INSTANCE, new Grid(0, 3, 0, false), 1, 3);

        assertThat(runs.forward(X)).containsExactly(0, 0, 1, 2, 3, 3);
        assertThat(runs.each(0, X)).containsExactly(0, 0, 0, 0, 1, 1);
        assertThat(runs.dx(X)).containsExactly(0, 1, 1, 1, 0, 0);
        double inf = Double.POSITIVE_INFINITY;
        assertThat(runs.dx(-Double.MIN_VALUE, -0.0, 0, Math.nextDown(3.0)))
                .containsExactly(0, 1, 1, 1);
        assertThat(runs.dx(Double.NaN, inf, -inf)).containsExactly(0, 0, 0);
        assertThat(runs.each(0, Double.NaN, inf, -inf)).containsExactly(0, 1, 0);
    }

    @Test
    void the_forward_pass_is_that_of_a_learned_step_of_the_same_reach() {
        Grid grid = new Grid(0, 15, 0, false);
        Runs clip = new Runs(ParametricClippingBackward.INSTANCE, grid, .2, 3);
        Runs step = new Runs(LearnedStepBackward.INSTANCE, grid, .2, .2);

        assertThat(clip.forward(X)).containsExactly(step.forward(X));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 8})
    void the_bound_is_the_largest_level_and_zero_the_smallest(int bits) {
        QuantSpec spec = Quantizers.uintPerTensor(bits);

        QuantParams grid = USUAL.grid(spec, new double[][] {{6}}, ParametricClippingTest::nobody);

        assertThat(grid).isEqualTo(QuantParams.of(spec, 6f / spec.qMax(), 0));
    }

    @Test
    void a_narrow_and_a_symmetric_spec_reach_as_far() {
        QuantSpec narrow = new QuantSpec(2, false, Symmetry.AFFINE, true, Granularity.perTensor());
        QuantSpec perChannel =
                new QuantSpec(2, false, Symmetry.SYMMETRIC, false, Granularity.perChannel());

        assertThat(USUAL.grid(narrow, new double[][] {{6}}, ParametricClippingTest::nobody))
                .isEqualTo(QuantParams.of(narrow, 3f, 1));
        assertThat(
                        USUAL.grid(
                                        perChannel,
                                        new double[][] {{6, 3}},
                                        ParametricClippingTest::nobody)
                                .scales())
                .containsExactly(2f, 1f);
    }

    @Test
    void the_start_is_the_largest_value_of_the_first_batch_or_the_number_given() {
        assertThat(start(USUAL, -9, 2, Double.NaN, 5, Double.POSITIVE_INFINITY)).isEqualTo(5);
        assertThat(start(USUAL, -9, 0)).isEqualTo(1);
        assertThat(start(USUAL)).isEqualTo(1);
        assertThat(start(new ParametricClipping(10, 0, 1), 2, 50)).isEqualTo(10);
    }

    @Test
    void the_bound_is_learned_with_a_penalty() {
        QuantizerParameter clip =
                new ParametricClipping(0, .01, .5).parameters(UINT2, TensorRole.ACTIVATION).get(0);

        assertThat(clip)
                .isEqualTo(new QuantizerParameter("clip", true, .5, 3 * 0x1p-40, 0x1p100, .01));
    }

    @Test
    void weights_and_signed_integers_are_refused_with_a_way_out() {
        QuantSpec int4 = Quantizers.intPerChannel(4);

        assertThatThrownBy(() -> USUAL.requireServes(int4, TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'pact' clips activations")
                .hasMessageContaining("role WEIGHT")
                .hasMessageContaining("the signed int4 (symmetric, narrow, per channel)")
                .hasMessageContaining("Quantizers.uintPerTensor(4)")
                .hasMessageContaining("'dorefa'");
        assertThatThrownBy(() -> USUAL.requireServes(int4, TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> USUAL.requireServes(UINT2, TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class);
        USUAL.requireServes(UINT2, TensorRole.ACTIVATION);
    }

    @Test
    void numbers_that_make_no_bound_are_refused() {
        assertThatThrownBy(() -> new ParametricClipping(-1, 0, 1))
                .hasMessageContaining("initial=-1.0");
        assertThatThrownBy(() -> new ParametricClipping(1, Double.NaN, 1))
                .hasMessageContaining("l2=NaN");
        assertThatThrownBy(() -> new ParametricClipping(1, 0, -2))
                .hasMessageContaining("learningRate=-2.0");
    }
}
