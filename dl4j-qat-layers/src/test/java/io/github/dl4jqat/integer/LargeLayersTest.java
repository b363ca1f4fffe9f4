package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Layers so large that the Java engine takes another way through them. */
class LargeLayersTest {

    private static final QuantParams BYTES = QuantParams.of(Quantizers.uint8PerTensor(), .1f, 60);

    @Test
    void anExampleAloneIsSplitByChannelsAndGivesTheSame() {
        TensorType in = TensorType.of("in", BYTES, 16, 90, 40);
        TensorType out = output(2000, 32, 90, 40);
        Random random = new Random(1);
        Weights weights = weights(random, 32, 16, 3, 3);
        Window2d window = Window2d.of(3, 3).withPads(1, 1, 1, 1);
        JavaKernel.Unary kernel =
                new ConvKernel(Conv2d.of("c", in, out, weights, window, Requantization.FLOAT));
        int n = in.elements();
        int m = out.elements();
        int[] two = random.ints(2L * n, 0, 256).toArray();
        int[] together = new int[2 * m];
        kernel.run(two, together, 2);
        for (int e = 0; e < 2; e++) {
            int[] alone = new int[m];
            kernel.run(Arrays.copyOfRange(two, e * n, (e + 1) * n), alone, 1);
            assertThat(alone).isEqualTo(Arrays.copyOfRange(together, e * m, (e + 1) * m));
        }
        int sum = weights.bias(5);
        for (int c = 0; c < 16; c++) {
            for (int t = 0; t < 9; t++) {
                int x = two[(c * 90 + 69 + t / 3) * 40 + 19 + t % 3] - 60;
                sum += weights.get((5 * 16 + c) * 9 + t) * x;
            }
        }
        int expected = (int) Math.rint((float) sum * (.1f * .01f / out.params().scale())) + 60;
        assertThat(together[(5 * 90 + 70) * 40 + 20]).isEqualTo(expected).isBetween(1, 254);
    }

    @Test
    void aDenseLayerOfMillionsOfWeightsGivesItsDotProducts() {
        TensorType in = TensorType.of("in", BYTES, 2101);
        TensorType out = output(8000, 2000);
        Random random = new Random(2);
        Weights weights = weights(random, 2000, 2101);
        int[] x = random.ints(2101, 0, 256).toArray();
        int[] y = new int[2000];
        Dense dense = Dense.of("d", in, out, weights, Requantization.FLOAT);
        new DenseKernel(dense).run(x, y, 1);
        for (int o = 0; o < 2000; o += 37) {
            int sum = weights.bias(o);
            for (int i = 0; i < x.length; i++) {
                sum += weights.get(o * x.length + i) * (x[i] - 60);
            }
            assertThat(y[o]).isEqualTo(dense.requantizer().apply(sum, o));
        }
        assertThat(Arrays.stream(y).distinct().count()).isGreaterThan(50);
    }

    private static TensorType output(int steps, int... shape) {
        QuantParams params = QuantParams.of(Quantizers.uint8PerTensor(), .001f * steps, 60);
        return TensorType.of("out", params, shape);
    }

    private static Weights weights(Random random, Integer... shape) {
        int n = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        int[] values = random.ints(n, -127, 128).toArray();
        int[] bias = random.ints(shape[0], -999, 999).toArray();
        QuantParams params = QuantParams.of(Quantizers.int8PerTensor(), .01f, 0);
        return Weights.of(params, List.of(shape), values, bias);
    }
}
