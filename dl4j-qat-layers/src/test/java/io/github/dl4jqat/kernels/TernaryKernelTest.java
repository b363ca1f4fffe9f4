package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class TernaryKernelTest {

    private static final Grid TERNARY = new Grid(-1, 1, 0, false);

    @Test
    void a_weight_on_the_threshold_is_zero_and_one_beyond_is_not() {
        double up = Math.nextUp(0.25);
        double[] x = {0.25, -0.25, up, -up, 0, -0.0, 9, Double.NaN};
        KernelRun run = OneRun.of(TERNARY, 0.5, new double[] {0.5, 0.25}, x);

        assertThat(OneRun.levels(TernaryKernel.INSTANCE, run))
                .containsExactly(0, 0, 1, -1, 0, 0, 1, Double.NaN);
    }

    @Test
    void the_threshold_decides_and_not_the_nearest_level() {
        // alpha 1: rounding would send 0.3 to 0 and 0.6 to 1.
        assertThat(
                        OneRun.forward(
                                TernaryKernel.INSTANCE,
                                OneRun.of(TERNARY, 1, new double[] {1, 0.2}, 0.3, -0.6, 0.1)))
                .containsExactly(1, -1, 0);
        assertThat(
                        OneRun.forward(
                                TernaryKernel.INSTANCE,
                                OneRun.of(TERNARY, 1, new double[] {1, 0.7}, 0.3, -0.6, 0.8)))
                .containsExactly(0, 0, 1);
    }

    @Test
    void under_a_raised_scale_weights_nearer_to_zero_become_zero() {
        KernelRun run =
                OneRun.of(TERNARY, 1, new double[] {1e-6, 0.5e-6}, 1e-6, -2e-6, 0.5, 0.51, -0.7);

        assertThat(OneRun.levels(TernaryKernel.INSTANCE, run)).containsExactly(0, 0, 0, 1, -1);
    }

    @Test
    void a_scale_rounded_to_float_does_not_count_as_raised() {
        double alpha = 0.7666666666666667;
        double up = Math.nextUp((float) alpha);
        KernelRun run = OneRun.of(TERNARY, up, new double[] {alpha, 0.1}, 0.2);

        assertThat(OneRun.levels(TernaryKernel.INSTANCE, run)).containsExactly(1);
    }

    @Test
    void the_gradient_passes_everywhere() {
        KernelRun run = OneRun.of(TERNARY, 0.5, new double[] {0.5, 0.25}, 0, 0.3, -100);
        run.grad = new double[] {2, -3, 5};

        assertThat(OneRun.backward(TernaryKernel.INSTANCE, run)).containsExactly(2, -3, 5);
    }
}
