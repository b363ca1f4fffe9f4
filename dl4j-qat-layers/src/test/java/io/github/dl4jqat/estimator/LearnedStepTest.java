package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Symmetry;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LearnedStepTest {

    private static final Offset<Double> CLOSE = within(1e-10);
    private static final LearnedStep USUAL = new LearnedStep(1, true);

    private static QuantParams nobody() {
        throw new AssertionError("a learned scale needs no range");
    }

    private static QuantSpec full(int bits) {
        return new QuantSpec(bits, true, Symmetry.SYMMETRIC, false, Granularity.perTensor());
    }

    private static double start(QuantSpec spec, double... row) {
        return USUAL.measure(new TensorStatistics(new double[][] {row}), spec, TensorRole.WEIGHT)[
                0][0];
    }

    @ParameterizedTest(name = "{0} bits")
    @CsvSource({"2, .5", "3, .2886751346", "4, .1889822365", "8, .0443678255"})
    void the_start_is_twice_the_mean_magnitude_over_the_root_of_the_largest_step(
            int bits, double expected) {
        assertThat(start(full(bits), .1, -.2, .3, -.4)).isEqualTo(expected, CLOSE);
    }

    @Test
    void each_channel_starts_from_its_own_values() {
        double[][] rows = {{.1, -.2, .3, -.4}, {1, -2, 3, -4}, {0, 0, 0, 0}};

        double[][] values =
                USUAL.measure(
                        new TensorStatistics(rows), Quantizers.intPerChannel(4), TensorRole.WEIGHT);

        assertThat(values).hasDimensions(1, 3);
        assertThat(values[0])
                .containsExactly(new double[] {.1889822365, 1.889822365, 1 / 7.}, CLOSE);
    }

    @Test
    void zeros_and_what_is_no_number_do_not_spoil_the_start() {
        double inf = Double.POSITIVE_INFINITY;

        assertThat(start(full(4), 0, 0)).isEqualTo(1 / 7.);
        assertThat(start(full(4))).isEqualTo(1 / 7.);
        assertThat(start(full(4), Double.NaN, inf, -inf)).isEqualTo(1 / 7.);
        assertThat(start(full(2), .1, Double.NaN, -.2, inf, .3, -.4)).isEqualTo(.5, CLOSE);
    }

    @Test
    void the_gradient_factor_is_that_of_the_paper_and_can_be_left_out() {
        assertThat(USUAL.gradientFactor(full(2), 9)).isEqualTo(1 / 3., CLOSE);
        assertThat(USUAL.gradientFactor(full(3), 9)).isEqualTo(.192450090, within(1e-9));
        assertThat(USUAL.gradientFactor(Quantizers.uintPerTensor(2), 12)).isEqualTo(1 / 6., CLOSE);
        assertThat(USUAL.gradientFactor(Quantizers.int8AffinePerTensor(), 255))
                .isEqualTo(1 / 255., CLOSE);
        assertThat(USUAL.gradientFactor(Quantizers.midRisePerTensor(2), 12))
                .isEqualTo(1 / 6., CLOSE);
        assertThat(new LearnedStep(1, false).gradientFactor(full(2), 9)).isEqualTo(1);
    }

    @Test
    void the_scale_is_the_parameter_and_only_an_affine_zero_point_is_observed() {
        QuantSpec affine = Quantizers.uintPerTensor(4);
        double[][] values = {{.3}};

        assertThat(USUAL.grid(full(4), values, LearnedStepTest::nobody))
                .isEqualTo(QuantParams.of(full(4), .3f, 0));
        assertThat(USUAL.grid(affine, values, () -> QuantParams.of(affine, 7f, 5)))
                .isEqualTo(QuantParams.of(affine, .3f, 5));
        assertThat(
                        USUAL.grid(
                                        Quantizers.intPerChannel(4),
                                        new double[][] {{.3, .4}},
                                        LearnedStepTest::nobody)
                                .scales())
                .containsExactly(.3f, .4f);
    }

    @Test
    void a_scale_that_training_drives_away_stays_a_float() {
        QuantizerParameter scale =
                new LearnedStep(.5, true).parameters(full(4), TensorRole.WEIGHT).get(0);

        assertThat(scale.name()).isEqualTo("scale");
        assertThat(scale.learned()).isTrue();
        assertThat(scale.learningRate()).isEqualTo(.125); // halved for each bit beyond two
        assertThat(
                        new LearnedStep(.5, true)
                                .parameters(Quantizers.binaryPerTensor(), TensorRole.WEIGHT)
                                .get(0)
                                .learningRate())
                .isEqualTo(.5);
        for (double wild : new double[] {-3, 0, Double.NaN, 1e300, Double.POSITIVE_INFINITY}) {
            double kept = scale.project(wild);
            QuantParams grid =
                    USUAL.grid(full(8), new double[][] {{kept}}, LearnedStepTest::nobody);
            assertThat(grid.scale() * 65535).isFinite().isPositive();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
    void a_rate_that_is_none_is_refused(double rate) {
        assertThatThrownBy(() -> new LearnedStep(rate, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'lsq': learningRate=" + rate)
                .hasMessageContaining("0 or more");
    }
}
