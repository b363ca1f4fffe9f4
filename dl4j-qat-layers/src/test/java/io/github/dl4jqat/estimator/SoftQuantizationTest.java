package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.estimator.SoftQuantization.Bounds;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.Runs;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SoftQuantizationTest {

    private static final QuantSpec INT3 = Quantizers.intPerTensor(3);
    private static final QuantSpec UINT2 = Quantizers.uintPerTensor(2);
    private static final QuantSpec BINARY = Quantizers.binaryPerTensor();
    private static final Moment TRAINING = Moment.training(3, 0);

    private static SoftQuantization fixed(double alpha) {
        return new SoftQuantization(alpha, false, Bounds.OBSERVED, null, null, false, 0, 1);
    }

    private static SoftQuantization bounds(Bounds bounds, Double lower, Double upper) {
        return new SoftQuantization(.2, false, bounds, lower, upper, false, 0, 1);
    }

    private static QuantParams nobody() {
        throw new AssertionError("given bounds need no observer");
    }

    private static TensorStatistics rows(double[]... rows) {
        return new TensorStatistics(rows);
    }

    private static Runs runs(EstimatorKernel kernel) {
        return new Runs(kernel, new Grid(-3, 3, 0, false), 1);
    }

    @Test
    void parameters_are_what_is_learned() {
        SoftQuantization all =
                new SoftQuantization(.3, true, Bounds.LEARNED, null, null, false, .01, .5);

        assertThat(fixed(.2).parameters(INT3, TensorRole.WEIGHT)).isEmpty();
        assertThat(all.parameters(UINT2, TensorRole.ACTIVATION))
                .containsExactly(
                        new QuantizerParameter("alpha", true, .5, 1e-3, .5, .01),
                        new QuantizerParameter("lower", true, .5, -0x1p100, 0, 0),
                        new QuantizerParameter("upper", true, .5, 3 * 0x1p-40, 0x1p100, 0));
        assertThat(all.parameters(INT3, TensorRole.WEIGHT))
                .extracting(QuantizerParameter::name)
                .containsExactly("alpha", "upper");
    }

    @Test
    void learned_values_start_from_the_tensor_or_from_the_numbers_given() {
        SoftQuantization own =
                new SoftQuantization(.3, true, Bounds.LEARNED, null, null, false, 0, 1);
        SoftQuantization given = bounds(Bounds.LEARNED, -2.0, 4.0);
        double[] row = {-1, 3, Double.NaN, Double.POSITIVE_INFINITY};

        assertThat(own.measure(rows(row), UINT2, TensorRole.ACTIVATION))
                .isEqualTo(new double[][] {{.3}, {-1}, {3}});
        assertThat(own.measure(rows(row, new double[] {-5, 1}), INT3, TensorRole.WEIGHT))
                .isEqualTo(new double[][] {{.3, .3}, {3, 5}});
        assertThat(own.measure(rows(new double[2]), UINT2, TensorRole.ACTIVATION))
                .isEqualTo(new double[][] {{.3}, {0}, {1}});
        assertThat(own.measure(rows(new double[2]), INT3, TensorRole.WEIGHT))
                .isEqualTo(new double[][] {{.3}, {1}});
        assertThat(given.measure(rows(row), UINT2, TensorRole.ACTIVATION))
                .isEqualTo(new double[][] {{-2}, {4}});
    }

    @Test
    void bounds_become_a_grid_with_a_zero() {
        SoftQuantization learned =
                new SoftQuantization(.3, true, Bounds.LEARNED, null, null, false, 0, 1);
        QuantParams observed = QuantParams.of(INT3, .7f, 0);

        assertThat(
                        learned.grid(
                                UINT2,
                                new double[][] {{.3}, {-.6}, {.9}},
                                SoftQuantizationTest::nobody))
                .isEqualTo(QuantParams.of(UINT2, .5f, 1));
        assertThat(learned.grid(INT3, new double[][] {{.3}, {6}}, SoftQuantizationTest::nobody))
                .isEqualTo(QuantParams.of(INT3, 2f, 0));
        assertThat(
                        bounds(Bounds.FIXED, -.5, 1.0)
                                .grid(UINT2, new double[0][], SoftQuantizationTest::nobody))
                .isEqualTo(QuantParams.of(UINT2, .5f, 1));
        assertThat(
                        bounds(Bounds.FIXED, null, 3.0)
                                .grid(BINARY, new double[0][], SoftQuantizationTest::nobody))
                .isEqualTo(QuantParams.of(BINARY, 3f, 0));
        QuantSpec perChannel = Quantizers.intPerChannel(3);
        assertThat(
                        bounds(Bounds.FIXED, null, 3.0)
                                .grid(
                                        perChannel,
                                        new double[0][],
                                        () -> QuantParams.of(perChannel, new float[] {7, 8}, 0))
                                .scales())
                .containsExactly(1f, 1f);
        assertThat(fixed(.2).grid(INT3, new double[0][], () -> observed)).isSameAs(observed);
    }

    @Test
    void a_schedule_moves_a_fixed_alpha() {
        Moment annealed = new Moment(true, 3, 0, Map.of(Knob.ALPHA, .4));

        double[] moved = runs(fixed(.2).kernel(INT3, annealed)).dx(.2, .5, .9);

        assertThat(moved).containsExactly(runs(fixed(.4).kernel(INT3, TRAINING)).dx(.2, .5, .9));
        assertThat(moved).doesNotContain(runs(fixed(.2).kernel(INT3, TRAINING)).dx(.2, .5, .9));
    }

    @Test
    void only_training_is_soft() {
        SoftQuantization soft =
                new SoftQuantization(.2, false, Bounds.OBSERVED, null, null, true, 0, 1);

        assertThat(soft.kernel(INT3, TRAINING).rounds()).isFalse();
        assertThat(runs(soft.kernel(INT3, TRAINING)).forward(.4)[0]).isNotIn(0.0, .4);
        assertThat(soft.kernel(INT3, Moment.EVALUATION).rounds()).isTrue();
        assertThat(runs(soft.kernel(INT3, Moment.EVALUATION)).forward(.4)).containsExactly(0);
        assertThat(runs(fixed(.2).kernel(INT3, TRAINING)).forward(.4)).containsExactly(0);
    }

    @Test
    void the_slope_is_that_of_the_tanh_estimator_with_the_matching_sharpness() {
        double e = 13 / 6.;
        SoftQuantization soft = fixed(1 - Math.tanh(e));
        QuantSpec spec = Quantizers.midRisePerTensor(2);

        for (double tau = -.5; tau <= .5; tau += .0625) {
            assertThat(soft.slope(spec, tau))
                    .isEqualTo(new TanhGradient(6.5, null).slope(spec, tau), within(1e-12));
        }
        assertThatThrownBy(
                        () ->
                                new SoftQuantization(
                                                .2, true, Bounds.OBSERVED, null, null, false, 0, 1)
                                        .slope(spec, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("learnAlpha=false");
        assertThatThrownBy(() -> soft.slope(spec, .6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tau=0.6");
    }

    @Test
    void one_bit_needs_bounds() {
        for (QuantSpec oneBit : new QuantSpec[] {BINARY, Quantizers.uintPerTensor(1)}) {
            assertThatThrownBy(() -> fixed(.2).requireServes(oneBit, TensorRole.WEIGHT))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("bounds=OBSERVED")
                    .hasMessageContaining("the one bit of " + oneBit)
                    .hasMessageContaining("bounds=LEARNED");
            bounds(Bounds.LEARNED, null, 1.0).requireServes(oneBit, TensorRole.WEIGHT);
        }
        bounds(Bounds.FIXED, null, 1.0).requireServes(BINARY, TensorRole.WEIGHT);
        bounds(Bounds.FIXED, 0.0, 1.0)
                .requireServes(Quantizers.uintPerTensor(1), TensorRole.ACTIVATION);
        fixed(.2).requireServes(UINT2, TensorRole.ACTIVATION);
    }

    @Test
    void bounds_that_do_not_fit_the_spec_are_refused() {
        assertThatThrownBy(
                        () ->
                                bounds(Bounds.FIXED, null, 1.0)
                                        .requireServes(UINT2, TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lower=null, upper=1.0")
                .hasMessageContaining("AFFINE");
        assertThatThrownBy(
                        () ->
                                bounds(Bounds.FIXED, -1.0, 1.0)
                                        .requireServes(INT3, TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () ->
                                bounds(Bounds.LEARNED, -1.0, null)
                                        .requireServes(INT3, TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class);
        bounds(Bounds.LEARNED, -1.0, null).requireServes(UINT2, TensorRole.ACTIVATION);
    }

    @Test
    void numbers_that_make_no_staircase_are_refused() {
        for (double alpha : new double[] {0, 1, -1, Double.NaN}) {
            assertThatThrownBy(() -> fixed(alpha)).hasMessageContaining("alpha=" + alpha);
        }
        assertThatThrownBy(
                        () ->
                                new SoftQuantization(
                                        .6, true, Bounds.OBSERVED, null, null, false, 0, 1))
                .hasMessageContaining("0.001..0.5");
        assertThatThrownBy(() -> bounds(null, null, null)).hasMessageContaining("bounds=null");
        assertThatThrownBy(() -> bounds(Bounds.OBSERVED, null, 1.0))
                .hasMessageContaining("FIXED or LEARNED");
        assertThatThrownBy(() -> bounds(Bounds.FIXED, -1.0, null))
                .hasMessageContaining("upper=null");
        assertThatThrownBy(() -> bounds(Bounds.FIXED, 1.0, 2.0))
                .hasMessageContaining("lower=1.0; expected a finite number, 0 or less");
        assertThatThrownBy(() -> bounds(Bounds.FIXED, -1.0, 0.0)).hasMessageContaining("upper=0.0");
        assertThatThrownBy(
                        () ->
                                new SoftQuantization(
                                        .2, false, Bounds.OBSERVED, null, null, false, 1, 1))
                .hasMessageContaining("alphaPenalty=1.0")
                .hasMessageContaining("not learned");
    }
}
