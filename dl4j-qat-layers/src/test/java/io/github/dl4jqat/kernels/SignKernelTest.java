package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class SignKernelTest {

    private static final Grid BINARY = new Grid(-1, 1, 0, true);
    private static final double[] NONE = {};

    @Test
    void zero_of_either_sign_is_positive_and_the_tiniest_negative_number_is_not() {
        KernelRun run = OneRun.of(BINARY, 1, NONE, 0.0, -0.0, 1e-320, -1e-320, 9, -9, Double.NaN);

        assertThat(OneRun.levels(new SignKernel(SignKernel::clipped), run))
                .containsExactly(1, 1, 1, -1, 1, -1, Double.NaN);
    }

    @Test
    void a_raised_scale_moves_the_levels_and_not_the_surrogate() {
        SignKernel kernel = new SignKernel(SignKernel::clipped);
        double beyond = Math.nextUp(1.0);

        assertThat(OneRun.forward(kernel, OneRun.of(BINARY, 3, NONE, 0.1, -0.1)))
                .containsExactly(3, -3);
        assertThat(OneRun.backward(kernel, OneRun.of(BINARY, 3, NONE, 1, -1, beyond, -beyond)))
                .containsExactly(1, 1, 0, 0);
    }

    @Test
    void the_gradient_may_be_in_place_and_is_multiplied() {
        KernelRun run = OneRun.of(BINARY, 1, NONE, 0.25, 0.5, -2);
        run.grad = new double[] {4, -2, 7};
        run.out = run.grad;

        assertThat(OneRun.backward(new SignKernel(SignKernel::triangle), run))
                .containsExactly(6, -2, 0);
    }

    @Test
    void surrogates_are_those_of_the_papers() {
        double[] x = {-1, -0.5, 0, 0.2, 0.5};
        double[] swish = {-0.194992255, -0.084621565, 5, 3.023661188, -0.084621565};
        double[] triangle = {0, 1, 2, 1.6, 1};
        for (int i = 0; i < x.length; i++) {
            assertThat(SignKernel.swish(x[i], 5)).isCloseTo(swish[i], within(1e-9));
            assertThat(SignKernel.triangle(x[i])).isCloseTo(triangle[i], within(1e-15));
        }
    }

    @Test
    void no_surrogate_is_anything_but_zero_far_out_and_where_there_is_no_number() {
        for (double x : new double[] {1e4, -1e4, 1e300, Double.NEGATIVE_INFINITY, Double.NaN}) {
            assertThat(SignKernel.clipped(x)).isZero();
            assertThat(SignKernel.triangle(x)).isZero();
            assertThat(SignKernel.swish(x, 5)).isZero();
        }
    }

    @Test
    void the_swish_slope_is_the_slope_of_its_smooth_step() {
        // SignSwish of Darabi et al.: 2 sigmoid(b) (1 + b (1 - sigmoid(b))) - 1 with b = 5 x.
        for (double x = -2; x <= 2; x += 0.125) {
            double h = 1e-6;
            assertThat(SignKernel.swish(x, 5))
                    .isCloseTo((step(x + h) - step(x - h)) / (2 * h), within(1e-8));
        }
    }

    private static double step(double x) {
        double b = 5 * x;
        double sigmoid = 1 / (1 + Math.exp(-b));
        return 2 * sigmoid * (1 + b * (1 - sigmoid)) - 1;
    }
}
