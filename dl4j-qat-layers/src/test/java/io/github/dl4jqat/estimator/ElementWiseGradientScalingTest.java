package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.GradientScalingBackward;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.Runs;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Seeds.class)
final class ElementWiseGradientScalingTest {

    private static final QuantSpec UINT2 = Quantizers.uintPerTensor(2);

    private static Runs runs(double delta, Grid grid, double scale) {
        return new Runs(
                new ElementWiseGradientScaling(delta).kernel(UINT2, Moment.EVALUATION),
                grid,
                scale);
    }

    @Test
    void gradients_are_those_of_the_paper() {
        Runs runs = runs(.2, new Grid(0, 3, 0, false), 1 / 3.);

        assertThat(runs.dx(new double[] {.1, .3, .55, .9}, new double[] {1, 1, -1, -1}))
                .containsExactly(
                        new double[] {1.02, .993333333333, -1.023333333333, -1.02}, within(1e-11));
    }

    @Test
    void the_unit_is_the_whole_range_wherever_it_lies() {
        double[] x = {.1, .3, .55, .9};
        double[] moved = {-2 + 6 * .1, -2 + 6 * .3, -2 + 6 * .55, -2 + 6 * .9};
        double[] grad = {1, 1, -1, -1};

        assertThat(runs(.2, new Grid(-1, 2, 0, false), 2).dx(moved, grad))
                .containsExactly(
                        runs(.2, new Grid(0, 3, 0, false), 1 / 3.).dx(x, grad), within(1e-12));
        double[] centered = {-1.5 + 3 * .1, -1.5 + 3 * .3, -1.5 + 3 * .55, -1.5 + 3 * .9};
        assertThat(runs(.2, new Grid(-3, 3, 0, true), .5).dx(centered, grad))
                .containsExactly(
                        runs(.2, new Grid(0, 3, 0, false), 1 / 3.).dx(x, grad), within(1e-12));
    }

    @Test
    void without_delta_it_is_the_clipped_estimator(Random random) {
        assertThat(new ElementWiseGradientScaling(0).kernel(UINT2, Moment.EVALUATION))
                .isSameAs(ClippedBackward.INSTANCE);
        Grid grid = new Grid(-7, 7, 0, false);
        double[] x = random.doubles(5000, -9, 9).toArray();
        double[] grad = random.doubles(5000, -1, 1).toArray();
        x[0] = 7;
        x[1] = -7;
        x[2] = Double.NaN;

        assertThat(new Runs(new GradientScalingBackward(0), grid, 1).dx(x, grad))
                .containsExactly(new Runs(ClippedBackward.INSTANCE, grid, 1).dx(x, grad));
    }

    @Test
    void outside_the_range_and_for_no_number_there_is_no_gradient() {
        double inf = Double.POSITIVE_INFINITY;

        assertThat(
                        runs(.2, new Grid(-2, 1, 0, false), .5)
                                .dx(-1.01, .51, Double.NaN, inf, -inf, -1, .5))
                .containsExactly(0, 0, 0, 0, 0, 1, 1);
    }

    @Test
    void a_delta_that_is_none_is_refused() {
        for (double bad : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new ElementWiseGradientScaling(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'ewgs': delta=" + bad);
        }
    }
}
