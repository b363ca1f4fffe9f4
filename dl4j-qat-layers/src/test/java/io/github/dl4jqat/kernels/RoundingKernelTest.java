package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RoundingKernelTest {

    private static final double[] NONE = {};

    private static double[] slopes(Grid grid, double scale, double... x) {
        return OneRun.backward(RoundingKernel.INSTANCE, OneRun.of(grid, scale, NONE, x));
    }

    @Test
    void both_ends_are_inside() {
        Grid unsigned = new Grid(0, 3, 0, false);

        assertThat(
                        slopes(
                                unsigned,
                                0.5,
                                0,
                                1.5,
                                Math.nextUp(1.5),
                                -Double.MIN_VALUE,
                                Double.NaN,
                                Double.NEGATIVE_INFINITY))
                .containsExactly(1, 1, 0, 0, 0, 0);
    }

    @Test
    void in_a_symmetric_range_rounding_errors_do_not_put_the_largest_weight_outside() {
        for (Grid grid : new Grid[] {new Grid(-7, 7, 0, false), new Grid(-7, 7, 0, true)}) {
            double just = 3.5 * (1 + 0x1p-23);
            double more = 3.5 * (1 + 0x1p-21);

            assertThat(slopes(grid, 0.5, 3.5, just, -just, more, -more))
                    .containsExactly(1, 1, 1, 0, 0);
        }
    }

    @Test
    void no_largest_weight_is_outside_of_the_range_it_makes() {
        Grid int8 = new Grid(-127, 127, 0, false);
        for (int i = 1; i < 2000; i++) {
            double largest = Math.sqrt(i);
            float scale = (float) largest / 127;
            KernelRun floats = OneRun.of(int8, scale, NONE, (float) largest, -(float) largest);
            floats.single = true;

            assertThat(OneRun.backward(RoundingKernel.INSTANCE, floats)).containsExactly(1, 1);
            assertThat(slopes(int8, scale, largest, -largest)).containsExactly(1, 1);
        }
    }

    @Test
    void values_are_rounded_to_the_nearest() {
        assertThat(RoundingKernel.INSTANCE.rounds()).isTrue();
        assertThat(
                        OneRun.forward(
                                RoundingKernel.INSTANCE,
                                OneRun.of(new Grid(-7, 7, 0, false), 0.5, NONE, 0.7, 0.75, 9)))
                .containsExactly(0.5, 1, 3.5);
    }
}
