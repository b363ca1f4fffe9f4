package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Seeds.class)
final class LearnedOffsetBackwardTest {

    private static final Offset<Double> CLOSE = within(1e-12);

    private static Runs on(double scale, double offset, int levels) {
        Grid grid = Grid.between(offset, offset + (levels - 1) * scale, levels);
        return new Runs(LearnedOffsetBackward.INSTANCE, grid, scale, scale, offset);
    }

    @Test
    void a_fractional_offset_gives_the_numbers_of_the_definition() {
        Runs runs = on(.3, -.25, 4);
        double[] x = {-.6, -.2, 0, .3, .7, 1.4};

        assertThat(runs.forward(x))
                .containsExactly(new double[] {-.25, -.25, .05, .35, .65, .65}, CLOSE);
        assertThat(runs.dx(x)).containsExactly(0, 1, 1, 1, 0, 0);
        assertThat(runs.each(0, x))
                .containsExactly(new double[] {0, -1 / 6., 1 / 6., 1 / 6., 3, 3}, CLOSE);
        assertThat(runs.each(1, x)).containsExactly(1, 0, 0, 0, 1, 1);
    }

    @Test
    void a_whole_offset_gives_the_same_forms() {
        Runs runs =
                new Runs(LearnedOffsetBackward.INSTANCE, new Grid(-1, 2, 0, false), .25, .25, -.25);
        double[] x = {-1, -.25, .1, .5, 2};

        assertThat(runs.forward(x)).containsExactly(-.25, -.25, 0, .5, .5);
        assertThat(runs.dx(x)).containsExactly(0, 0, 1, 0, 0);
        assertThat(runs.each(0, x)).containsExactly(new double[] {0, 0, -.4, 3, 3}, CLOSE);
        assertThat(runs.each(1, x)).containsExactly(1, 1, 0, 1, 1);
    }

    @Test
    void what_is_no_number_adds_nothing() {
        Runs runs = on(.3, -.25, 4);
        double inf = Double.POSITIVE_INFINITY;

        assertThat(runs.dx(Double.NaN, inf, -inf)).containsExactly(0, 0, 0);
        assertThat(runs.each(0, Double.NaN, inf, -inf))
                .containsExactly(new double[] {0, 3, 0}, CLOSE);
        assertThat(runs.each(1, Double.NaN, inf, -inf)).containsExactly(0, 1, 1);
    }

    @Test
    void value_scale_and_offset_together_move_the_result_like_a_multiple(Random random) {
        for (int i = 0; i < 1000; i++) {
            double scale = .01 + random.nextDouble();
            double offset = -random.nextDouble();
            double x = 2 * random.nextGaussian();
            Runs runs = on(scale, offset, 8);
            double[] sums = runs.sums(x);

            assertThat(x * runs.dx(x)[0] + scale * sums[0] + offset * sums[1])
                    .isEqualTo(runs.forward(x)[0], CLOSE);
        }
    }
}
