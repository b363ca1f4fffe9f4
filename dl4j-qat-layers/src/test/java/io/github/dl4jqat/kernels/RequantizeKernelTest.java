package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Floats;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Seeds.class)
final class RequantizeKernelTest {

    @Test
    void floats_give_the_requantizers_integers(Random random) {
        QuantParams output = QuantParams.of(Quantizers.uint8PerTensor(), 0.037f, 77);
        for (int trial = 0; trial < 200; trial++) {
            int bias = random.nextInt(1 << 25) - (1 << 24);
            float weightScale = (float) Math.exp(-random.nextInt(14));
            Requantizer r =
                    Requantizer.of(
                            Requantization.FLOAT, 0.02f, new float[] {weightScale}, output, 0, 255);
            assertThat(RequantizeKernel.isExactFor(new int[] {bias}, r)).isTrue();
            float[] acc =
                    Floats.of(300, i -> (float) (random.nextInt() >> (1 + random.nextInt(30))));
            float[] y = new float[acc.length];
            float[] each = new float[acc.length];
            float[] biases = new float[acc.length];
            float[] factors = new float[acc.length];
            Arrays.fill(biases, bias);
            Arrays.fill(factors, r.factor(0));

            RequantizeKernel.requantize(
                    acc, y, 0, y.length, bias, r.factor(0), output.scale(), -77, 255 - 77);
            RequantizeKernel.requantize(
                    acc, each, y.length, biases, factors, output.scale(), -77, 255 - 77);

            for (int i = 0; i < y.length; i++) {
                int q = r.apply((int) acc[i] + bias, 0);
                assertThat(y[i]).isEqualTo(output.dequantize(q, 0));
            }
            assertThat(each).containsExactly(y);
        }
    }

    @Test
    void integer_modes_and_biases_beyond_the_floats_are_left_to_the_requantizer() {
        QuantParams output = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 0);
        float[] scale = {0.1f};

        assertThat(
                        RequantizeKernel.isExactFor(
                                new int[] {0},
                                Requantizer.of(
                                        Requantization.FIXED_POINT, 0.1f, scale, output, 0, 255)))
                .isFalse();
        assertThat(
                        RequantizeKernel.isExactFor(
                                new int[] {0, (1 << 24) + 1},
                                Requantizer.of(Requantization.FLOAT, 0.1f, scale, output, 0, 255)))
                .isFalse();
        assertThat(
                        RequantizeKernel.isExactFor(
                                new int[] {Integer.MIN_VALUE},
                                Requantizer.of(Requantization.FLOAT, 0.1f, scale, output, 0, 255)))
                .isFalse();
    }
}
