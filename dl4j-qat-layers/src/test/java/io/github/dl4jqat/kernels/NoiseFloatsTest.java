package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Quantization noise on floats, and the keys of clipped gradients, against their formulas. */
@ExtendWith(Seeds.class)
class NoiseFloatsTest {

    private static final int[] LENGTHS = {0, 1, 7, 4096, 4097};

    private static final float[] AS_THEY_ARE = {
        0f,
        -0f,
        Float.NaN,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY
    };

    /** On levels, ties, ends and beside them, and anywhere. */
    private static float value(int i, Random random, float low, float high, float scale) {
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
            low * 1.0000002f,
            high * 1.0000002f,
            high * 1.0000005f
        };
        return switch (i % 3) {
            case 0 -> special[i / 3 % special.length] * scale;
            case 1 -> AS_THEY_ARE[i / 3 % AS_THEY_ARE.length];
            default -> (float) random.nextGaussian() * 0.7f * (high - low) * scale;
        };
    }

    @ParameterizedTest
    @CsvSource({
        "-128, 127, 0.02, 0.5",
        "-127, 127, 0.013, 1e-9",
        "0, 255, 3.5, 0.999",
        "-7, 7, 1e-30, 0.1"
    })
    void noisy_elements_are_rounded_and_others_clamped(
            float low, float high, float scale, double rate) {
        Random random = new Random(Seeds.current());
        long key = random.nextLong();
        NoiseKernel kernel = new NoiseKernel(rate, 1, false, key);
        assertThat(kernel.servesFloats()).isTrue();
        long index = (1L << 40) + random.nextInt();
        for (int n : LENGTHS) {
            FloatRun run = new FloatRun(n + 2);
            for (int i = 0; i < n + 2; i++) {
                run.x[i] = value(i, random, low, high, scale);
            }
            float[] x = run.x.clone();
            run.from = 1;
            run.to = n + 1;
            run.scale = scale;
            run.low = low;
            run.high = high;
            run.index = index;
            kernel.forward(run);
            for (int i = 1; i <= n; i++) {
                boolean noisy = CounterRandom.uniform(key, index + i - 1) < rate;
                assertThat(run.x[i])
                        .as("x = %s, %s", x[i], noisy)
                        .isEqualTo(Float.valueOf(plainly(x[i], scale, low, high, noisy)));
            }
            assertThat(run.x[0]).isEqualTo(Float.valueOf(x[0]));
            assertThat(run.x[n + 1]).isEqualTo(Float.valueOf(x[n + 1]));
        }
    }

    private static float plainly(float x, float scale, float low, float high, boolean noisy) {
        if (!noisy) {
            return Math.max(low * scale, Math.min(high * scale, x));
        }
        float p = x / scale;
        return (float) (Math.rint(Math.max(low, Math.min(high, p))) + 0.0) * scale;
    }

    @Test
    void only_single_elements_with_integers_are_for_floats() {
        assertThat(new NoiseKernel(0.5, 2, false, 1).servesFloats()).isFalse();
        assertThat(new NoiseKernel(0.5, 1, true, 1).servesFloats()).isFalse();
        assertThat(new NoiseKernel(0, 1, false, 1).servesFloats()).isFalse();
        assertThat(new NoiseKernel(0.5, 2, false, 1).clips()).isTrue();
        assertThat(new NoiseKernel(0.5, 1, true, 1).clips()).isFalse();
        assertThat(new NoiseKernel(0, 1, false, 1).clips()).isFalse();
    }

    @Test
    void a_number_is_below_a_rate_as_doubles_are() {
        Random random = new Random(Seeds.current());
        for (int i = 0; i < 20_000; i++) {
            long key = random.nextLong();
            long index = i % 2 == 0 ? i : random.nextLong() >>> 1;
            double uniform = CounterRandom.uniform(key, index);
            double[] rates = {
                0, 1, uniform, Math.nextUp(uniform), Math.nextDown(uniform), random.nextDouble()
            };
            for (double rate : rates) {
                if (rate >= 0) {
                    int bits = CounterRandom.below(key, index, CounterRandom.threshold(rate));
                    assertThat(bits)
                            .as("%s < %s", uniform, rate)
                            .isEqualTo(uniform < rate ? -1 : 0);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-128, 127, 0.02",
        "-127, 127, 0.013",
        "0, 255, 3.5",
        "-7, 7, 1e-30",
        "-1, 1, 0.1",
        "-127, 127, 1.1754942e-38"
    })
    void keys_are_those_of_the_clipped_range(float low, float high, float scale) {
        Random random = new Random(Seeds.current());
        Grid grid = new Grid(low, high, 0, false);
        double slack = low == -high ? 1 + 0x1p-22 : 1;
        double smallest = (double) (low * scale) * slack;
        double largest = (double) (high * scale) * slack;
        for (int n : LENGTHS) {
            int[] x = new int[n];
            int[] grad = new int[n];
            int[] dx = new int[n];
            for (int i = 0; i < n; i++) {
                x[i] = Float.floatToRawIntBits(value(i, random, low, high, scale));
                grad[i] = random.nextInt();
            }
            ClippedBits.apply(
                    x,
                    grad,
                    dx,
                    0,
                    n,
                    RangeClipped.lowKey(grid, scale),
                    RangeClipped.highKey(grid, scale));
            for (int i = 0; i < n; i++) {
                float v = Float.intBitsToFloat(x[i]);
                boolean inside = v >= smallest && v <= largest;
                assertThat(dx[i]).as("x = %s", v).isEqualTo(inside ? grad[i] : 0);
            }
        }
    }
}
