package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vectorized loop against the plain one. */
@ExtendWith(Seeds.class)
class LearnedStepFloatsTest {

    private static final int N = 4001;

    @ParameterizedTest
    @CsvSource({"-128, 127, 0.02", "0, 255, 0.013", "-1, 1, 3.5", "0, 1, 1e-30", "0, 15, 1"})
    void gradients_are_the_same_bits_and_the_sum_is_close(float low, float high, float scale) {
        Random random = new Random(Seeds.current());
        float[] x = new float[N];
        float[] grad = new float[N];
        for (int i = 0; i < N; i++) {
            x[i] = at(i, random, low, high) * scale;
            grad[i] = (float) random.nextGaussian();
        }
        compare(x, grad, scale, low, high);
    }

    /** On both ends, one float inside and outside of them, ties, zeros and the smallest floats. */
    private static float at(int i, Random random, float low, float high) {
        float[] special = {
            low,
            high,
            Math.nextUp(low),
            Math.nextDown(low),
            Math.nextUp(high),
            Math.nextDown(high),
            0.5f,
            1.5f,
            -0.5f,
            0f,
            -0f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE
        };
        return i % 2 == 0
                ? special[i / 2 % special.length]
                : (float) random.nextGaussian() * 0.7f * (high - low);
    }

    @Test
    void a_value_that_is_no_number_changes_nothing() {
        float[] x = {1, Float.NaN, 2};
        float[] grad = {3, 4, 5};
        double sum = LearnedStepFloats.apply(x, grad, new float[3], new float[3], 0, 3, 1, -8, 7);
        assertThat(sum).isNaN();
        assertThat(grad).containsExactly(3, 4, 5);
    }

    private static void compare(float[] x, float[] grad, float scale, float low, float high) {
        KernelRun run = new KernelRun();
        run.single = true;
        run.scale = scale;
        run.grid = new Grid(low, high, 0, false);
        run.from = 1;
        run.to = x.length;
        run.x = new double[x.length];
        run.grad = new double[x.length];
        run.out = new double[x.length];
        run.sums = new double[1];
        for (int i = 0; i < x.length; i++) {
            run.x[i] = x[i];
            run.grad[i] = grad[i];
        }
        LearnedStepBackward.INSTANCE.backward(run);
        float first = grad[0];
        int n = x.length;
        double sum =
                LearnedStepFloats.apply(
                        x, grad, new float[n], new float[n], 1, n, scale, low, high);
        assertThat(grad[0]).isEqualTo(first);
        for (int i = 1; i < n; i++) {
            assertThat((double) grad[i] + 0.0).as("x = %s", x[i]).isEqualTo(run.out[i] + 0.0);
        }
        assertThat(sum).isCloseTo(run.sums[0], within(1e-9 * Math.max(1, Math.abs(sum))));
    }
}
