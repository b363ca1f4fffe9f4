package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Seeds.class)
final class LearnedStepBackwardTest {

    private static final Offset<Double> CLOSE = within(1e-12);
    private static final double[] X = {-3, -1.26, -.9, -.3, .2, .5, .74, 1, 1.3};
    private static final Grid TWO_BITS = new Grid(-2, 1, 0, false);

    private static Runs on(Grid grid, double scale) {
        return new Runs(LearnedStepBackward.INSTANCE, grid, scale, scale);
    }

    @Test
    void two_bits_give_the_numbers_of_the_definition() {
        Runs runs = on(TWO_BITS, .5);

        assertThat(runs.forward(X)).containsExactly(-1, -1, -1, -.5, 0, .5, .5, .5, .5);
        assertThat(runs.dx(X)).containsExactly(0, 0, 1, 1, 1, 0, 0, 0, 0);
        assertThat(runs.each(0, X))
                .containsExactly(new double[] {-2, -2, -.2, -.4, -.4, 1, 1, 1, 1}, CLOSE);
        assertThat(runs.sums(X)[0]).isEqualTo(-1, CLOSE);
    }

    @Test
    void three_bits_give_the_numbers_of_the_definition() {
        Runs runs = on(new Grid(-4, 3, 0, false), .5);

        assertThat(runs.forward(X)).containsExactly(-2, -1.5, -1, -.5, 0, .5, .5, 1, 1.5);
        assertThat(runs.each(0, X))
                .containsExactly(new double[] {-4, -.48, -.2, -.4, -.4, 0, -.48, 0, .4}, CLOSE);
        assertThat(runs.sums(X)[0]).isEqualTo(-5.56, CLOSE);
    }

    @Test
    void a_value_on_an_end_is_outside_unlike_in_a_differentiated_clamp() {
        double[] ends = {-1, .5};
        Runs runs = on(TWO_BITS, .5);

        assertThat(runs.dx(ends)).containsExactly(0, 0);
        assertThat(runs.each(0, ends)).containsExactly(-2, 1);
        // round(clamp(v)) - v with a clamp that passes its ends
        assertThat(new Runs(ClippedBackward.INSTANCE, TWO_BITS, .5).dx(ends)).containsExactly(1, 1);
        assertThat(Math.rint(ends[0] / .5) - ends[0] / .5).isZero();
        // one ulp within they agree
        double[] within = {Math.nextUp(-1.0), Math.nextDown(.5)};
        assertThat(runs.dx(within)).containsExactly(1, 1);
        assertThat(runs.each(0, within)).containsExactly(new double[] {0, 0}, CLOSE);
    }

    @Test
    void on_a_mid_rise_grid_the_level_takes_the_place_of_the_rounded_value() {
        Runs four = on(new Grid(-3, 3, 0, true), .5);
        Runs binary = on(new Grid(-1, 1, 0, true), .5);

        assertThat(four.each(0, -2, -1.2, -.3, .2, .9, 1.5))
                .containsExactly(new double[] {-3, -.6, -.4, .6, 1 - 1.8, 3}, CLOSE);
        assertThat(four.dx(-2, -1.2, -.3, .2, .9, 1.5)).containsExactly(0, 1, 1, 1, 1, 0);
        assertThat(binary.each(0, -.6, -.1, .1, .5))
                .containsExactly(new double[] {-1, -.8, .8, 1}, CLOSE);
    }

    @Test
    void nothing_that_is_no_number_reaches_the_scale() {
        Runs runs = on(TWO_BITS, .5);
        double inf = Double.POSITIVE_INFINITY;

        assertThat(runs.dx(Double.NaN, inf, -inf)).containsExactly(0, 0, 0);
        assertThat(runs.each(0, Double.NaN, inf, -inf)).containsExactly(0, 1, -2);
    }

    @Test
    void value_and_scale_together_move_the_result_like_a_multiple(Random random) {
        for (int i = 0; i < 1000; i++) {
            double scale = .01 + random.nextDouble();
            double x = random.nextGaussian();
            Runs runs = on(TWO_BITS, scale);

            double moved = x * runs.dx(x)[0] + scale * runs.sums(x)[0];

            assertThat(moved).isEqualTo(runs.forward(x)[0], CLOSE);
        }
    }
}
