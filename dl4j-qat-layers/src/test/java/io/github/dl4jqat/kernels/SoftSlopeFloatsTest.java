package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.kernels.SoftStaircase.LearnedBounds;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The slopes in float arithmetic against hyperbolic cosines in doubles, element by element. */
@ExtendWith(Seeds.class)
class SoftSlopeFloatsTest {

    /** What the documentation promises, and the rounding of the result. */
    private static final double CLOSE = 4.1e-6;

    private static final int[] LENGTHS = {0, 1, 7, 4096, 4097};

    /** The formula of the staircase's slope. */
    private static double plainly(
            float x, float grad, float scale, float low, float high, boolean relu, double kappa) {
        float p = (relu ? Math.max(x, 0f) : x) / scale;
        double slack = 0x1p-22 * Math.max(-low, high);
        if (!(p >= low - slack && p <= high + slack) || (relu && !(x > 0))) {
            return 0;
        }
        double u = Math.max(low, Math.min(high, (double) p)) - low;
        double t = u - Math.min(high - low - 1, Math.floor(u)) - 0.5;
        double cosh = Math.cosh(kappa * t);
        return grad * peak(kappa) / (cosh * cosh);
    }

    private static double peak(double kappa) {
        return kappa / 2 / Math.tanh(kappa / 2);
    }

    @ParameterizedTest
    @CsvSource({
        "-128, 127, 0.02, 2.2",
        "-10, 245, 0.013, 0.01",
        "0, 255, 3.5, 7.6",
        "-8, 7, 1e-30, 16",
        "0, 1, 0.3, 2.4",
        "-255, 0, 1, 16",
        "-127, 127, 0.007, 0.25"
    })
    void a_stretch_is_what_its_elements_are(float low, float high, float scale, double kappa) {
        Random random = new Random(Seeds.current());
        for (int n : LENGTHS) {
            for (boolean relu : new boolean[] {false, true}) {
                FloatRun run = run(n, random, low, high, scale);
                run.rectified = relu;
                float[] grad = run.grad.clone();
                assertThat(SoftSlopeFloats.backward(run, kappa, peak(kappa))).isTrue();
                for (int i = 1; i <= n; i++) {
                    double expected = plainly(run.x[i], grad[i], scale, low, high, relu, kappa);
                    assertThat((double) run.grad[i])
                            .as("x = %s, %s", run.x[i], relu)
                            .isCloseTo(
                                    expected,
                                    within(CLOSE * Math.abs(expected) + Float.MIN_NORMAL));
                }
                assertThat(run.grad[0]).isEqualTo(grad[0]);
                assertThat(run.grad[n + 1]).isEqualTo(grad[n + 1]);
            }
        }
    }

    /** Elements 1 to n of n + 2, on ends, levels, ties, beyond by a float and by far. */
    private static FloatRun run(int n, Random random, float low, float high, float scale) {
        float[] special = {
            low,
            high,
            Math.nextUp(low),
            Math.nextDown(low),
            Math.nextDown(high),
            Math.nextUp(high),
            low * 1.0000005f,
            high * 1.0000005f,
            0.5f,
            -0.5f,
            1,
            -1,
            1e-6f,
            -1e-6f,
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
        FloatRun run = new FloatRun(n + 2);
        for (int i = 0; i < n + 2; i++) {
            run.x[i] =
                    switch (i % 3) {
                        case 0 -> special[i / 3 % special.length] * scale;
                        case 1 -> asTheyAre[i / 3 % asTheyAre.length];
                        default -> (low + random.nextFloat() * (high - low)) * scale;
                    };
            run.grad[i] = (float) random.nextGaussian();
        }
        run.from = 1;
        run.to = n + 1;
        run.scale = scale;
        run.low = low;
        run.high = high;
        return run;
    }

    @ParameterizedTest
    @ValueSource(doubles = {16.001, 1e6, Double.NaN})
    void a_steeper_staircase_is_left_to_doubles(double kappa) {
        FloatRun run = run(3, new Random(1), -8, 7, 1);
        float[] grad = run.grad.clone();
        assertThat(SoftSlopeFloats.backward(run, kappa, 1)).isFalse();
        assertThat(run.grad).isEqualTo(grad);
    }

    @Test
    void what_is_no_number_is_left_to_doubles() {
        float[][] bad = {{Float.NaN, 1}, {1, Float.NaN}, {1, Float.NEGATIVE_INFINITY}};
        for (float[] pair : bad) {
            FloatRun run = run(9, new Random(1), -8, 7, 1);
            run.x[4] = pair[0];
            run.grad[4] = pair[1];
            float[] grad = run.grad.clone();
            assertThat(SoftSlopeFloats.backward(run, 2, 1)).isFalse();
            assertThat(run.grad).isEqualTo(grad);
        }
    }

    @Test
    void only_a_staircase_without_learned_parameters_is_one_for_floats() {
        FloatRun run = run(9, new Random(1), -8, 7, 1);
        assertThat(new SoftStaircase(.2, LearnedBounds.NONE, false).backward(run)).isTrue();
        assertThat(new SoftStaircase(Double.NaN, LearnedBounds.NONE, false).backward(run))
                .isFalse();
        assertThat(new SoftStaircase(.2, LearnedBounds.BOTH, false).backward(run)).isFalse();
        assertThat(new TanhBackward(2).backward(run)).isTrue();
        assertThat(new TanhBackward(9).backward(run)).isFalse();
    }
}
