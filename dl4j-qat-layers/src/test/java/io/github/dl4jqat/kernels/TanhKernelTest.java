package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class TanhKernelTest {

    private static final Grid TWO_BITS = new Grid(-3, 3, 0, true);

    @Test
    void levels_are_those_of_the_tangent_and_not_of_the_weight() {
        double largest = Math.tanh(3);
        // tanh(1) / tanh(3) is 0.765, so 2.3 steps: level 3, where 1 / 3 would be 1.
        KernelRun run =
                OneRun.of(TWO_BITS, 1, new double[] {1, largest}, 3, -3, 1, -1, 0, Double.NaN);

        assertThat(OneRun.levels(TanhKernel.INSTANCE, run))
                .containsExactly(3, -3, 3, -3, 1, Double.NaN);
    }

    @Test
    void the_gradient_is_that_of_the_soft_function_with_a_constant_maximum() {
        double largest = Math.tanh(1.2);
        double scale = 0.4;
        double[] x = {-1.2, -0.4, 0, 0.05, 0.3, 0.9};
        double[] dx =
                OneRun.backward(
                        TanhKernel.INSTANCE,
                        OneRun.of(TWO_BITS, (float) scale, new double[] {scale, largest}, x));

        double h = 1e-5;
        for (int i = 0; i < x.length; i++) {
            double rise = Math.tanh(x[i] + h) / largest - Math.tanh(x[i] - h) / largest;
            assertThat(dx[i]).isCloseTo(rise / (2 * h) * 3 * scale, within(1e-9));
        }
    }

    @Test
    void the_gradient_may_be_in_place() {
        KernelRun run = OneRun.of(TWO_BITS, 1, new double[] {1, 0.5}, 0, 0);
        run.grad = new double[] {2, -1};
        run.out = run.grad;

        assertThat(OneRun.backward(TanhKernel.INSTANCE, run)).containsExactly(12, -6);
    }
}
