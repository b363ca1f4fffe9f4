package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class UnitBackwardTest {

    @Test
    void zero_and_one_are_inside_whatever_the_scale_is() {
        float up = Math.nextUp(1f);
        float[] x = {0f, -0f, 1f, up, -Float.MIN_VALUE, 0.5f, Float.NaN, Float.POSITIVE_INFINITY};
        float[] grad = {1, 2, 3, 4, 5, 6, 7, 8};

        UnitBackward.INSTANCE.apply(x, grad, grad, 0, 8, 1e-6f, 0, 3);

        assertThat(grad).containsExactly(1, 2, 3, 0, 0, 6, 0, 0);
    }

    @Test
    void doubles_give_what_floats_give() {
        double[] x = {0, 1, Math.nextUp(1.0), -Double.MIN_VALUE, Double.NaN, 0.25};
        double[] dx = new double[6];

        UnitBackward.INSTANCE.apply(x, new double[] {1, 2, 3, 4, 5, 6}, dx, 0, 6, 9, 0, 3);

        assertThat(dx).containsExactly(1, 2, 0, 0, 0, 6);
    }
}
