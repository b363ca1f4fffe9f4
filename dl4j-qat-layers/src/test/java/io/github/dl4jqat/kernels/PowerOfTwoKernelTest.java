package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Seeds.class)
final class PowerOfTwoKernelTest {

    private static final Grid GRID = new Grid(-255, 255, 0, false);
    private static final double[] NONE = {};

    private static double[] levels(double largest, double... x) {
        return OneRun.levels(new PowerOfTwoKernel(largest), OneRun.of(GRID, 1, NONE, x));
    }

    @Test
    void intervals_are_closed_below_and_open_above() {
        double[] x = {0.5, 1.5, 3, 6, -0.5, -1.5, -3};
        double[] below = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            below[i] = x[i] > 0 ? Math.nextDown(x[i]) : Math.nextUp(x[i]);
        }

        assertThat(levels(8, x)).containsExactly(1, 2, 4, 8, -1, -2, -4);
        assertThat(levels(8, below)).containsExactly(0, 1, 2, 4, 0, -1, -2);
    }

    @Test
    void powers_stay_and_nothing_passes_the_largest() {
        assertThat(levels(128, 1, 2, 4, 8, 16, 32, 64, 128, -64))
                .containsExactly(1, 2, 4, 8, 16, 32, 64, 128, -64);
        assertThat(levels(2, 2.99, 3, 100, Double.POSITIVE_INFINITY, -1e300))
                .containsExactly(2, 2, 2, 2, -2);
        assertThat(levels(1, 0.74, 0.76, 1.49, 1.51)).containsExactly(1, 1, 1, 1);
        assertThat(levels(4, 0, -0.0, Double.NaN)).containsExactly(0, 0, Double.NaN);
    }

    @Test
    void the_rule_is_that_of_the_nearest_level(Random random) {
        double[] x = new double[5000];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextGaussian() * 3;
        }
        double[] levels = levels(8, x);
        double[] all = {0, 1, 2, 4, 8, -1, -2, -4, -8};
        for (int i = 0; i < x.length; i++) {
            for (double other : all) {
                assertThat(Math.abs(x[i] - levels[i])).isLessThanOrEqualTo(Math.abs(x[i] - other));
            }
        }
    }

    @Test
    void the_gradient_passes_everywhere() {
        KernelRun run = OneRun.of(GRID, 1, NONE, 0, 1e9, -3);
        run.grad = new double[] {2, -3, 5};

        assertThat(OneRun.backward(new PowerOfTwoKernel(2), run)).containsExactly(2, -3, 5);
    }
}
