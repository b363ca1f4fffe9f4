package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(Seeds.class)
final class SmallestErrorTest {

    private static double error(double[] values, double[] found, int steps) {
        return SmallestError.of(values, new Grid(found[1], found[1] + steps, 0, false), found[0]);
    }

    @ParameterizedTest(name = "{0} levels")
    @ValueSource(ints = {2, 4, 16})
    void the_search_beats_the_whole_range_and_nearly_every_other_range(int levels, Random random) {
        int steps = levels - 1;
        double[] values = random.doubles(2000, 0, 1).map(u -> Math.log(u / (1 - u))).toArray();

        double found = error(values, SmallestError.affine(values, steps), steps);

        double smallest = Double.POSITIVE_INFINITY;
        double largest = Arrays.stream(values).map(Math::abs).max().orElse(0);
        for (int z = 0; z <= steps; z++) {
            for (int i = 1; i <= 1500; i++) {
                double scale = (float) (2 * largest / steps * i / 1500);
                smallest = Math.min(smallest, error(values, new double[] {scale, -z}, steps));
            }
        }
        assertThat(found).isBetween(smallest * 0.999, smallest * 1.02);

        double[] sorted = Arrays.stream(values).sorted().toArray();
        double scale = (float) ((sorted[1999] - sorted[0]) / steps);
        double whole = error(values, new double[] {scale, -Math.rint(-sorted[0] / scale)}, steps);
        assertThat(found).isLessThanOrEqualTo(whole);
    }

    @Test
    void an_outlier_is_given_up_for_the_many() {
        double[] values = new double[1000];
        Arrays.setAll(values, i -> i == 999 ? 10 : i / 998.0);

        double[] found = SmallestError.affine(values, 3);

        assertThat(found[0]).isEqualTo(.31, within(.005));
        assertThat(found[1]).isZero();
        assertThat(error(values, found, 3)).isEqualTo(.09, within(.005));
        assertThat(error(values, new double[] {10 / 3., 0}, 3)).isEqualTo(.33, within(.005));
    }

    @Test
    void data_on_a_grid_are_found_without_error() {
        double[] values = {-1, -.5, 0, .5, 1, 1.5, -1, 2, 2.5};

        double[] found = SmallestError.affine(values, 7);

        assertThat(found).containsExactly(.5, -2);
        assertThat(SmallestError.symmetric(new double[] {-1.5, .5, 1}, new Grid(-3, 3, 0, false)))
                .isEqualTo(.5);
        assertThat(SmallestError.symmetric(new double[] {-1.5, .5, 1.5}, new Grid(-3, 3, 0, true)))
                .isEqualTo(.5);
    }

    @Test
    void one_sided_data_have_their_zero_at_an_end() {
        double[] values = {1, 2, 3, 4, 5};
        double[] mirrored = {-1, -2, -3, -4, -5};

        assertThat(SmallestError.affine(values, 5)).containsExactly(1, 0);
        assertThat(SmallestError.affine(mirrored, 5)).containsExactly(1, -5);
    }

    @Test
    void zeros_and_nothing_have_no_range() {
        assertThat(SmallestError.affine(new double[3], 15)).isNull();
        assertThat(SmallestError.affine(new double[0], 15)).isNull();
        assertThat(SmallestError.symmetric(new double[3], new Grid(-7, 7, 0, false))).isZero();
        assertThat(SmallestError.of(new double[0], new Grid(-7, 7, 0, false), 1)).isZero();
    }

    @Test
    void many_values_are_sampled_and_give_nearly_the_same(Random random) {
        double[] values = random.doubles(100_000, -1, 3).toArray();

        double[] found = SmallestError.affine(values, 15);

        assertThat(found[0]).isEqualTo(4 / 15., within(.01));
        assertThat(found[1]).isEqualTo(-4);
        assertThat(SmallestError.affine(values, 15)).containsExactly(found);
    }
}
