package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.kernels.LearnedOffsetBackward;
import io.github.dl4jqat.kernels.LearnedStepBackward;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class LearnedStepOffsetTest {

    private static final Offset<Double> CLOSE = within(1e-12);
    private static final LearnedStepOffset USUAL = new LearnedStepOffset(1, true);
    private static final QuantSpec UINT2 = Quantizers.uintPerTensor(2);
    private static final QuantSpec INT8 = Quantizers.int8AffinePerTensor();

    private static QuantParams nobody() {
        throw new AssertionError("a learned range needs no observer");
    }

    private static double[][] measure(QuantSpec spec, TensorRole role, double... row) {
        return USUAL.measure(new TensorStatistics(new double[][] {row}), spec, role);
    }

    @Test
    void weights_learn_a_scale_and_affine_activations_an_offset_too() {
        assertThat(USUAL.parameters(Quantizers.intPerTensor(4), TensorRole.WEIGHT))
                .extracting(QuantizerParameter::name)
                .containsExactly("scale");
        assertThat(USUAL.parameters(UINT2, TensorRole.ACTIVATION))
                .extracting(QuantizerParameter::name)
                .containsExactly("scale", "offset");
        assertThat(USUAL.kernel(Quantizers.intPerTensor(4), Moment.EVALUATION))
                .isSameAs(LearnedStepBackward.INSTANCE);
        assertThat(USUAL.kernel(UINT2, Moment.EVALUATION)).isSameAs(LearnedOffsetBackward.INSTANCE);
    }

    @Test
    void weights_start_where_the_grid_reaches_three_deviations() {
        // mean 1, deviation 2
        double[] row = {-1, 3};
        double[] mirrored = {1, -3};

        assertThat(measure(Quantizers.intPerTensor(4), TensorRole.WEIGHT, row)[0][0])
                .isEqualTo(7 / 8., CLOSE);
        assertThat(measure(Quantizers.intPerTensor(4), TensorRole.WEIGHT, mirrored)[0][0])
                .isEqualTo(7 / 8., CLOSE);
        assertThat(measure(Quantizers.midRisePerTensor(2), TensorRole.WEIGHT, row)[0][0])
                .isEqualTo(7 / 4., CLOSE);
        assertThat(measure(Quantizers.intPerTensor(4), TensorRole.WEIGHT, 0, 0)[0][0])
                .isEqualTo(1 / 7., CLOSE);
    }

    @Test
    void activations_start_where_the_error_is_smallest() {
        double[][] affine = measure(INT8, TensorRole.ACTIVATION, -1, -.5, 0, .5, 126.5);
        double[][] symmetric =
                measure(Quantizers.intPerTensor(3), TensorRole.ACTIVATION, -1.5, .5, 1);

        assertThat(affine[0][0]).isEqualTo(.5);
        assertThat(affine[1][0]).isEqualTo(-1);
        assertThat(symmetric).isEqualTo(new double[][] {{.5}});
        assertThat(measure(UINT2, TensorRole.ACTIVATION, 0, Double.NaN))
                .isEqualTo(new double[][] {{1 / 3.}, {0}});
    }

    @Test
    void the_offset_moves_to_the_nearest_integer_zero_point() {
        assertThat(USUAL.grid(UINT2, new double[][] {{.3}, {-.25}}, LearnedStepOffsetTest::nobody))
                .isEqualTo(QuantParams.of(UINT2, .3f, 1));
        assertThat(
                        USUAL.grid(
                                        UINT2,
                                        new double[][] {{.3}, {-.14}},
                                        LearnedStepOffsetTest::nobody)
                                .zeroPoint())
                .isZero();
        assertThat(USUAL.grid(INT8, new double[][] {{.5}, {-1}}, LearnedStepOffsetTest::nobody))
                .isEqualTo(QuantParams.of(INT8, .5f, -126));
    }

    @Test
    void a_range_that_left_zero_behind_keeps_it_at_an_end() {
        assertThat(
                        USUAL.grid(UINT2, new double[][] {{.3}, {5}}, LearnedStepOffsetTest::nobody)
                                .zeroPoint())
                .isZero();
        assertThat(
                        USUAL.grid(
                                        UINT2,
                                        new double[][] {{.3}, {-50}},
                                        LearnedStepOffsetTest::nobody)
                                .zeroPoint())
                .isEqualTo(3);
    }

    @Test
    void both_gradients_have_the_factor_of_a_learned_step() {
        assertThat(USUAL.gradientFactor(UINT2, 12)).isEqualTo(1 / 6., CLOSE);
        assertThat(new LearnedStepOffset(1, false).gradientFactor(UINT2, 12)).isEqualTo(1);
    }

    @Test
    void weights_with_a_zero_point_and_bad_rates_are_refused() {
        assertThatThrownBy(() -> USUAL.requireServes(UINT2, TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'lsq-plus' gives weights no offset")
                .hasMessageContaining("uint2 (affine, per tensor)")
                .hasMessageContaining("Quantizers.intPerChannel(2)");
        USUAL.requireServes(UINT2, TensorRole.ACTIVATION);
        USUAL.requireServes(Quantizers.intPerTensor(2), TensorRole.WEIGHT);
        assertThatThrownBy(() -> new LearnedStepOffset(-1, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("learningRate=-1.0");
    }
}
