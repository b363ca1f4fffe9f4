package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The vectorized loop of learned steps and offsets, with and without a ReLU in front, against the
 * table of the papers element by element.
 */
@ExtendWith(Seeds.class)
class LearnedStepStretchTest {

    private static final int[] LENGTHS = {0, 1, 7, 4096, 4097};

    /** The papers' table for one element in doubles: dx, dscale, doffset. */
    private static double[] plainly(
            float x, float grad, float scale, float low, float high, boolean relu, boolean offset) {
        float v = relu ? Math.max(x, 0f) : x;
        float p = v / scale;
        double dx = 0;
        double dscale;
        double doffset = 0;
        if (p > low && p < high) {
            dx = grad;
            dscale = (double) grad * (Math.rint(p) - p);
        } else {
            double end = p <= low ? low : high;
            dscale = grad * (offset ? end - low : end);
            doffset = grad;
        }
        return new double[] {relu && !(x > 0) ? 0 : dx, dscale, doffset};
    }

    @ParameterizedTest
    @CsvSource({
        "-128, 127, 0.02",
        "-10, 245, 0.013",
        "0, 255, 0.013",
        "0, 255, 3.5",
        "-1, 1, 0.25",
        "0, 1, 1e-30",
        "-255, 0, 1"
    })
    void a_stretch_is_what_its_elements_are(float low, float high, float scale) {
        Random random = new Random(Seeds.current());
        for (int length : LENGTHS) {
            float[] x = values(length, random, low, high, scale);
            for (boolean relu : new boolean[] {false, true}) {
                if (!relu || LearnedStepFloats.servesBehindRelu(scale, low)) {
                    compare(x, random, low, high, scale, relu, 1);
                    compare(x, random, low, high, scale, relu, 2);
                }
            }
        }
    }

    private static void compare(
            float[] x,
            Random random,
            float low,
            float high,
            float scale,
            boolean relu,
            int parameters) {
        int n = x.length;
        float[] grad = new float[n + 2];
        double[] expected = new double[2];
        double[] size = new double[2];
        float[] dx = new float[n + 2];
        float[] padded = new float[n + 2];
        for (int i = 0; i <= n + 1; i++) {
            grad[i] = (float) random.nextGaussian();
            dx[i] = grad[i];
            if (i > 0 && i <= n) {
                padded[i] = x[i - 1];
                double[] one = plainly(padded[i], grad[i], scale, low, high, relu, parameters == 2);
                dx[i] = (float) one[0];
                for (int j = 0; j < 2; j++) {
                    expected[j] += one[j + 1];
                    size[j] += Math.abs(one[j + 1]);
                }
            }
        }
        double[] sums = {3, 5};
        double[] given = parameters == 1 ? new double[] {3} : sums;
        boolean done =
                LearnedStepFloats.apply(
                        padded, grad, new float[2][n + 2], 1, n + 1, scale, low, high, relu, given);
        assertThat(done).isTrue();
        for (int i = 0; i < n + 2; i++) {
            assertThat(grad[i] + 0f).as("%s at x = %s", relu, padded[i]).isEqualTo(dx[i] + 0f);
        }
        assertThat(given[0]).isCloseTo(3 + expected[0], within(1e-12 * (3 + size[0])));
        if (parameters == 2) {
            assertThat(given[1]).isCloseTo(5 + expected[1], within(1e-12 * (5 + size[1])));
        }
    }

    /**
     * On both ends, a float beside them, ties, both zeros, the smallest and the largest numbers.
     */
    private static float[] values(int n, Random random, float low, float high, float scale) {
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
            -0f
        };
        float[] asTheyAre = {
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MAX_VALUE,
            -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY
        };
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] =
                    switch (i % 3) {
                        case 0 -> special[i / 3 % special.length] * scale;
                        case 1 -> asTheyAre[i / 3 % asTheyAre.length];
                        default -> (float) random.nextGaussian() * 0.7f * (high - low) * scale;
                    };
        }
        return x;
    }

    @Test
    void what_is_no_number_is_noticed_and_nothing_changed() {
        float[][] bad = {{Float.NaN, 1}, {1, Float.NaN}, {1, Float.POSITIVE_INFINITY}};
        for (float[] pair : bad) {
            for (double[] sums : new double[][] {{3}, {3, 5}}) {
                float[] x = {1, pair[0], 100, 2};
                float[] grad = {3, pair[1], 4, 5};
                float[] before = grad.clone();
                boolean done =
                        LearnedStepFloats.apply(
                                x, grad, new float[2][4], 0, 4, 1, -8, 7, false, sums);
                assertThat(done).isFalse();
                assertThat(grad).isEqualTo(before);
                assertThat(sums).startsWith(3);
                assertThat(sums[sums.length - 1]).isIn(3.0, 5.0);
            }
        }
    }

    @Test
    void a_relu_takes_no_gradient_of_a_positive_value_only_if_its_position_may_be_zero() {
        float tiny = Float.MIN_VALUE;
        assertThat(tiny / 8).isZero();
        assertThat(LearnedStepFloats.servesBehindRelu(8, -1)).isFalse();
        assertThat(LearnedStepFloats.servesBehindRelu(8, 0)).isTrue();
        assertThat(LearnedStepFloats.servesBehindRelu(1, -1)).isTrue();
        float[] grad = {2};
        LearnedStepFloats.apply(
                new float[] {tiny}, grad, new float[2][1], 0, 1, 1, -1, 1, true, new double[1]);
        assertThat(grad).containsExactly(2);
    }
}
