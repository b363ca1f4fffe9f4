package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RangeKernelTest {

    private static final float INF = Float.POSITIVE_INFINITY;

    private static float[] empty() {
        return new float[] {INF, -INF};
    }

    @Test
    void the_range_is_the_smallest_and_the_largest_value() {
        float[] range = empty();

        RangeKernel.widen(new float[] {99, 2, -3, 7, 99}, 1, 4, range);

        assertThat(range).containsExactly(-3, 7);
    }

    @Test
    void nan_and_infinities_are_passed_over() {
        float[] range = empty();
        double[] wide = {Double.NaN, 2, -1e300, Double.POSITIVE_INFINITY, -3};

        RangeKernel.widen(new float[] {Float.NaN, 2, -INF, INF, -3}, 0, 5, range);
        assertThat(range).containsExactly(-3, 2);

        range = empty();
        RangeKernel.widen(wide, 0, 5, range);
        assertThat(range).containsExactly(-3, 2);
    }

    @Test
    void without_finite_values_the_range_stays_as_it_was() {
        float[] range = {-1, 1};

        RangeKernel.widen(new float[] {Float.NaN, INF}, 0, 2, range);
        RangeKernel.widen(new float[] {5}, 0, 0, range);

        assertThat(range).containsExactly(-1, 1);
    }
}
