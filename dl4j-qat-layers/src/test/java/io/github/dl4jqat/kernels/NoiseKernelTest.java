package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class NoiseKernelTest {

    private static final Grid UINT2 = new Grid(0, 3, 0, false);
    private static final double[] NONE = {};

    /** 1 where an element is noisy: with zeros as the noise it becomes 0. */
    private static double[] mask(double rate, int blockSize, int n, int perChannel, long key) {
        double[] x = new double[n];
        Arrays.fill(x, 1);
        KernelRun run = OneRun.of(UINT2, 1, NONE, x);
        run.perChannel = perChannel;
        double[] y = OneRun.forward(new NoiseKernel(rate, blockSize, true, key), run);
        return Arrays.stream(y).map(v -> v == 0 ? 1 : 0).toArray();
    }

    @Test
    void clamping_comes_before_the_noise() {
        double[] x = {0.6, 2, -1, 1.5, 0.2};
        KernelRun run = OneRun.of(UINT2, 0.5, NONE, x);
        double[] clamped = {0.6, 1.5, 0, 1.5, 0.2};
        double[] quantized = {0.5, 1.5, 0, 1.5, 0};
        int noisy = 0;
        for (int key = 0; key < 100; key++) {
            double[] mask = mask(0.5, 1, 5, 5, key);
            double[] y = OneRun.forward(new NoiseKernel(0.5, 1, false, key), run);
            for (int i = 0; i < 5; i++) {
                assertThat(y[i]).isEqualTo(mask[i] == 1 ? quantized[i] : clamped[i]);
            }
            noisy += (int) Arrays.stream(mask).sum();
        }

        assertThat((double) noisy).isCloseTo(250, within(4 * Math.sqrt(500 * 0.25)));
    }

    @Test
    void the_integer_gradient_is_clipped_whatever_the_mask() {
        for (int key = 0; key < 20; key++) {
            assertThat(
                            OneRun.backward(
                                    new NoiseKernel(0.5, 2, false, key),
                                    OneRun.of(UINT2, 0.5, NONE, 0, 0.6, 1.5, 1.6, -0.1)))
                    .containsExactly(1, 1, 1, 0, 0);
        }
    }

    @Test
    void without_noise_integers_leave_values_and_gradients_alone() {
        double[] x = {99, -99, 0.3, Double.NaN, -0.0};
        NoiseKernel off = new NoiseKernel(0, 3, false, 1);

        assertThat(OneRun.forward(off, OneRun.of(UINT2, 0.5, NONE, x))).containsExactly(x);
        assertThat(OneRun.backward(off, OneRun.of(UINT2, 0.5, NONE, x)))
                .containsExactly(1, 1, 1, 1, 1);
        assertThat(off.ordered()).isFalse();
    }

    @Test
    void zeros_scale_what_is_left_and_its_gradient() {
        for (double rate : new double[] {0.05, 0.1, 0.2, 0.5}) {
            double factor = 1 / (1 - rate);
            double[] x = new double[400];
            Arrays.setAll(x, i -> i - 100);
            NoiseKernel zeros = new NoiseKernel(rate, 3, true, 77);
            double[] mask = mask(rate, 3, 400, 400, 77);
            double[] y = OneRun.forward(zeros, OneRun.of(UINT2, 0.5, NONE, x));
            double[] dx = OneRun.backward(zeros, OneRun.of(UINT2, 0.5, NONE, x));
            for (int i = 0; i < 400; i++) {
                double kept = mask[i] == 1 ? 0 : factor;
                assertThat(y[i]).isCloseTo(x[i] * kept, within(1e-12));
                assertThat(dx[i]).isCloseTo(kept, within(1e-15));
            }
        }
    }

    @Test
    void zeros_at_full_rate_are_zeros_and_at_none_the_values() {
        double[] x = {3, -2, 1e300};

        assertThat(OneRun.forward(new NoiseKernel(1, 1, true, 1), OneRun.of(UINT2, 1, NONE, x)))
                .containsExactly(0, 0, 0);
        assertThat(OneRun.backward(new NoiseKernel(1, 1, true, 1), OneRun.of(UINT2, 1, NONE, x)))
                .containsExactly(0, 0, 0);
        assertThat(OneRun.forward(new NoiseKernel(0, 1, true, 1), OneRun.of(UINT2, 1, NONE, x)))
                .containsExactly(x);
    }

    @Test
    void blocks_are_constant_and_end_with_their_channel() {
        // 7 elements a channel in blocks of 3: 3, 3 and 1.
        boolean[] differ = new boolean[7];
        boolean lastIsOnItsOwn = false;
        for (int key = 0; key < 60; key++) {
            double[] mask = mask(0.5, 3, 28, 7, key);
            for (int channel = 0; channel < 28; channel += 7) {
                double[] m = Arrays.copyOfRange(mask, channel, channel + 7);
                assertThat(m[1]).isEqualTo(m[0]);
                assertThat(m[2]).isEqualTo(m[0]);
                assertThat(m[4]).isEqualTo(m[3]);
                assertThat(m[5]).isEqualTo(m[3]);
                for (int i = 1; i < 7; i++) {
                    differ[i] |= m[i] != m[i - 1];
                }
                lastIsOnItsOwn |= channel > 0 && m[0] != mask[channel - 1];
            }
        }

        assertThat(differ).containsExactly(false, false, false, true, false, false, true);
        assertThat(lastIsOnItsOwn).isTrue();
    }

    @Test
    void a_block_larger_than_a_channel_is_the_channel() {
        double[] mask = mask(0.5, 1000, 4000, 10, 3);
        int noisy = 0;
        for (int channel = 0; channel < 400; channel++) {
            double[] m = Arrays.copyOfRange(mask, channel * 10, channel * 10 + 10);
            assertThat(m).containsOnly(m[0]);
            noisy += (int) m[0];
        }

        assertThat((double) noisy).isCloseTo(200, within(4 * Math.sqrt(400 * 0.25)));
    }

    @Test
    void a_tensor_may_be_cut_anywhere() {
        double[] expected = mask(0.4, 5, 999, 37, 11);
        double[] x = new double[999];
        Arrays.fill(x, 1);
        KernelRun run = OneRun.of(UINT2, 1, NONE, x);
        run.perChannel = 37;
        for (int from = 0; from < 999; from += 101) {
            run.from = from;
            run.to = Math.min(999, from + 101);
            run.index = from;
            new NoiseKernel(0.4, 5, true, 11).forward(run);
        }

        assertThat(Arrays.stream(run.out).map(v -> v == 0 ? 1 : 0).toArray())
                .containsExactly(expected);
    }

    @Test
    void evaluation_levels_are_all_quantized() {
        assertThat(
                        OneRun.levels(
                                new NoiseKernel(0.5, 1, true, 1),
                                OneRun.of(UINT2, 0.5, NONE, 0.6, 9, -1)))
                .containsExactly(1, 3, 0);
    }
}
