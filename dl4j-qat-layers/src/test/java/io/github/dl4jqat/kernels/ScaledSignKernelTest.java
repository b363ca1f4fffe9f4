package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ScaledSignKernelTest {

    private static final Grid BINARY = new Grid(-1, 1, 0, true);
    private static final double[] X = {0.5, -1, 1, Math.nextUp(1.0), -2, Double.NaN};

    @Test
    void the_share_reaches_every_weight_and_alpha_those_within_one() {
        KernelRun run = OneRun.of(BINARY, 0.5, new double[] {0.5, 0.25}, X);

        assertThat(OneRun.backward(ScaledSignKernel.INSTANCE, run))
                .containsExactly(0.75, 0.75, 0.75, 0.25, 0.25, 0.25);
    }

    @Test
    void without_a_share_only_alpha_is_left() {
        KernelRun run = OneRun.of(BINARY, 0.5, new double[] {0.5}, X);

        assertThat(OneRun.backward(ScaledSignKernel.INSTANCE, run))
                .containsExactly(0.5, 0.5, 0.5, 0, 0, 0);
    }

    @Test
    void values_are_plus_and_minus_alpha() {
        KernelRun run = OneRun.of(BINARY, 0.5, new double[] {0.5}, 0, -0.0, -3, 7);

        assertThat(OneRun.forward(ScaledSignKernel.INSTANCE, run))
                .containsExactly(0.5, 0.5, -0.5, 0.5);
    }
}
