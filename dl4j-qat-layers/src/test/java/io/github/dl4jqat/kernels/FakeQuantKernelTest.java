package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Floats;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(Seeds.class)
final class FakeQuantKernelTest {

    private static float[] quantize(QuantParams p, float... x) {
        float[] y = new float[x.length];
        FakeQuantKernel.fakeQuantize(x, y, 0, x.length, p.scale(), p.lowestStep(), p.highestStep());
        return y;
    }

    private static int[] bits(float... x) {
        int[] bits = new int[x.length];
        Arrays.setAll(bits, i -> Float.floatToIntBits(x[i]));
        return bits;
    }

    @Test
    void ties_saturation_and_special_values_are_exact() {
        QuantParams p = QuantParams.of(Quantizers.intPerTensor(4), 0.5f, 0);

        float[] y =
                quantize(
                        p,
                        0.25f,
                        0.75f,
                        -0.25f,
                        -0.75f,
                        3.5f,
                        3.5000002f,
                        3.75f,
                        -3.5f,
                        -9f,
                        1e38f,
                        0f,
                        -0f,
                        -0.1f,
                        Float.POSITIVE_INFINITY,
                        Float.NEGATIVE_INFINITY,
                        Float.NaN);

        assertThat(bits(y))
                .containsExactly(
                        bits(
                                0f, 1f, 0f, -1f, 3.5f, 3.5f, 3.5f, -3.5f, -3.5f, 3.5f, 0f, 0f, 0f,
                                3.5f, -3.5f, Float.NaN));
    }

    @ParameterizedTest
    @MethodSource("io.github.dl4jqat.quant.QuantParamsTestSpecs#withOneScale")
    void the_loop_is_the_formula_to_the_last_bit(QuantSpec spec) {
        Random random = new Random(Seeds.current());
        QuantParams p = QuantParams.fromRange(spec, -0.7f, 1.9f);
        float[] x = new float[3000];
        for (int i = 0; i < x.length; i++) {
            x[i] =
                    i % 3 == 0
                            ? (random.nextInt(2 * spec.qMax() + 9) - spec.qMax() + 0.5f) * p.scale()
                            : (float) random.nextGaussian() * 1.5f;
        }

        float[] y = quantize(p, x);

        for (int i = 0; i < x.length; i++) {
            assertThat(y[i]).isEqualTo(p.dequantize(p.quantize(x[i], 0), 0));
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.dl4jqat.quant.QuantParamsTestSpecs#withOneScale")
    void doubles_give_what_floats_give_where_both_are_exact(QuantSpec spec) {
        // A power of two as scale makes every division and product exact.
        QuantParams p = QuantParams.of(spec, 0.125f, spec.qMin() > 0 ? spec.qMin() : 0);
        float[] x = Floats.of(4001, i -> (i - 2000) / 32f);
        double[] wide = new double[x.length];
        Arrays.setAll(wide, i -> x[i]);
        double[] y = new double[x.length];

        FakeQuantKernel.fakeQuantize(
                wide, y, 0, y.length, p.scale(), p.lowestStep(), p.highestStep());

        float[] narrow = quantize(p, x);
        for (int i = 0; i < y.length; i++) {
            assertThat(y[i]).isEqualTo(narrow[i]);
        }
    }

    @Test
    void quantizing_twice_changes_nothing(Random random) {
        QuantParams p = QuantParams.fromRange(Quantizers.uint8PerTensor(), -0.3f, 2.7f);
        float[] x = Floats.of(1000, i -> (float) random.nextGaussian());

        float[] once = quantize(p, x);

        assertThat(quantize(p, once)).containsExactly(once);
    }

    @Test
    void steps_are_the_whole_numbers_behind_the_values(Random random) {
        QuantParams p = QuantParams.fromRange(Quantizers.uint8PerTensor(), -0.3f, 2.7f);
        float[] x = Floats.of(1000, i -> (float) random.nextGaussian() * 2);
        float[] k = new float[x.length];
        double[] wide = new double[x.length];
        Arrays.setAll(wide, i -> x[i]);

        FakeQuantKernel.steps(x, k, 0, k.length, p.scale(), p.lowestStep(), p.highestStep());
        FakeQuantKernel.steps(wide, wide, 0, k.length, p.scale(), p.lowestStep(), p.highestStep());

        float[] y = quantize(p, x);
        for (int i = 0; i < k.length; i++) {
            assertThat(k[i]).isEqualTo(p.quantize(x[i], 0) - p.zeroPoint());
            assertThat(k[i] * p.scale()).isEqualTo(y[i]);
            assertThat(wide[i]).isCloseTo(k[i], within(1.0));
        }
    }

    @Test
    void a_scale_for_each_element_gives_the_same_bits(Random random) {
        int n = 500;
        float[] x = new float[n];
        float[] scale = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
            scale[i] = 0.001f + random.nextFloat() * 0.1f;
        }
        float[] each = new float[n];
        float[] steps = new float[n];

        FakeQuantKernel.fakeQuantize(x, each, n, scale, -7, 7);
        FakeQuantKernel.steps(x, steps, n, scale, -7, 7);

        float[] y = new float[n];
        float[] k = new float[n];
        for (int i = 0; i < n; i++) {
            FakeQuantKernel.fakeQuantize(x, y, i, i + 1, scale[i], -7, 7);
            FakeQuantKernel.steps(x, k, i, i + 1, scale[i], -7, 7);
        }
        assertThat(each).containsExactly(y);
        assertThat(steps).containsExactly(k);
    }

    @Test
    void elements_outside_the_part_stay_as_they_are() {
        float[] y = {9, 9, 9, 9};

        FakeQuantKernel.fakeQuantize(new float[] {0.3f, 0.3f, 0.3f, 0.3f}, y, 1, 3, 0.25f, -7, 7);

        assertThat(y).containsExactly(9, 0.25f, 0.25f, 9);
    }
}
