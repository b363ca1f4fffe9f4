package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The mask of a ReLU on bits against a comparison of numbers. */
@ExtendWith(Seeds.class)
class RectifierTest {

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 4096, 4097})
    void the_gradient_passes_where_the_value_is_positive(int n) {
        Random random = new Random(Seeds.current());
        float[] x = new float[n + 1];
        float[] grad = new float[n + 1];
        double[] wide = new double[n + 1];
        double[] wideGrad = new double[n + 1];
        for (int i = 0; i <= n; i++) {
            x[i] = Float.intBitsToFloat(random.nextInt());
            wide[i] = Double.longBitsToDouble(random.nextLong());
            if (i % 4 == 0) {
                wide[i] = special(i / 4);
                x[i] = (float) wide[i];
            }
            grad[i] = i % 5 == 0 ? Float.NaN : (float) random.nextGaussian();
            wideGrad[i] = grad[i];
        }
        float[] masked = grad.clone();
        double[] wideMasked = wideGrad.clone();
        Rectifier.mask(x, masked, 0, n);
        Rectifier.mask(wide, wideMasked, 0, n);
        for (int i = 0; i < n; i++) {
            assertThat(masked[i])
                    .as("x = %s", x[i])
                    .isEqualTo(Float.valueOf(x[i] > 0 ? grad[i] : 0));
            assertThat(wideMasked[i])
                    .as("x = %s", wide[i])
                    .isEqualTo(Double.valueOf(wide[i] > 0 ? wideGrad[i] : 0));
        }
        assertThat(masked[n]).isEqualTo(Float.valueOf(grad[n]));
        assertThat(wideMasked[n]).isEqualTo(Double.valueOf(wideGrad[n]));
    }

    private static double special(int i) {
        double[] all = {
            0,
            -0.0,
            Double.NaN,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            Double.MIN_VALUE,
            -Double.MIN_VALUE,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Double.MAX_VALUE,
            -Double.MAX_VALUE
        };
        return all[i % all.length];
    }
}
