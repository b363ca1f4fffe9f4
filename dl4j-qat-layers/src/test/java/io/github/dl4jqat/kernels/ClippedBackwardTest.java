package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(Seeds.class)
final class ClippedBackwardTest {

    private static final float INF = Float.POSITIVE_INFINITY;

    private static float[] branch(float[] x, float[] grad, float scale, float low, float high) {
        float[] dx = new float[x.length];
        ClippedBackward.INSTANCE.apply(x, grad, dx, 0, x.length, scale, low, high);
        return dx;
    }

    private static int[] bits(float[] x) {
        int[] bits = new int[x.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(x[i]));
        return bits;
    }

    @Test
    void both_ends_are_inside_and_one_ulp_beyond_is_outside() {
        float top = 127 * 0.1f;
        float[] x = {
            top,
            Math.nextUp(top),
            Math.nextDown(top),
            -top,
            Math.nextDown(-top),
            0f,
            -0f,
            1e30f,
            INF,
            -INF,
            Float.NaN
        };
        float[] grad = new float[x.length];
        Arrays.fill(grad, 3f);

        assertThat(branch(x, grad, 0.1f, -127, 127))
                .containsExactly(3, 0, 3, 3, 0, 3, 3, 0, 0, 0, 0);
    }

    @ParameterizedTest(name = "scale={0}, {1}..{2}")
    @CsvSource({
        "0.1, -127, 127",
        "0.023529412, 0, 255",
        "0.5, -255, 0",
        "0.3, 1, 254",
        "1.4e-45, -7, 7",
        "1e-40, 0, 3",
        "1e38, -2, 1",
        "3e38, -127, 127",
    })
    void bits_give_the_same_gradient_as_the_comparison(
            float scale, float low, float high, Random random) {
        float bottom = low * scale;
        float top = high * scale;
        float[] edges = {
            bottom,
            top,
            0f,
            -0f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MAX_VALUE,
            -Float.MAX_VALUE,
            INF,
            -INF,
            Float.NaN,
            Float.intBitsToFloat(0xffc00001),
            Float.intBitsToFloat(0x7f800001),
            Float.MIN_NORMAL,
            1e30f,
            -1e30f
        };
        float[] x = new float[20_000];
        float[] grad = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            float edge = edges[random.nextInt(edges.length)];
            switch (random.nextInt(4)) {
                case 0 -> x[i] = edge;
                case 1 -> x[i] = random.nextBoolean() ? Math.nextUp(edge) : Math.nextDown(edge);
                case 2 -> x[i] = Float.intBitsToFloat(random.nextInt());
                default -> x[i] = (float) random.nextGaussian() * scale * high;
            }
            grad[i] =
                    random.nextInt(5) == 0
                            ? edges[random.nextInt(edges.length)]
                            : (float) random.nextGaussian();
        }
        int lowKey = ClippedBits.lowKey(bottom);
        int highKey = ClippedBits.highKey(top);
        int[] runs = new int[x.length];
        int[] each = new int[x.length];
        int[] lowKeys = new int[x.length];
        int[] highKeys = new int[x.length];
        Arrays.fill(lowKeys, lowKey);
        Arrays.fill(highKeys, highKey);

        ClippedBits.apply(bits(x), bits(grad), runs, 0, x.length, lowKey, highKey);
        ClippedBits.apply(bits(x), bits(grad), each, x.length, lowKeys, highKeys);

        int[] expected = bits(branch(x, grad, scale, low, high));
        assertThat(runs).containsExactly(expected);
        assertThat(each).containsExactly(expected);
    }

    @Test
    void doubles_give_what_floats_give() {
        double[] x = {
            12.75, Math.nextUp(12.75), -12.75, Double.NaN, Double.NEGATIVE_INFINITY, -0.0
        };
        double[] grad = {1, 2, 3, 4, 5, 6};

        ClippedBackward.INSTANCE.apply(x, grad, grad, 0, 6, 0.125, -102, 102);

        assertThat(grad).containsExactly(1, 0, 3, 0, 0, 6);
    }

    @Test
    void a_scale_for_each_element_moves_the_bounds() {
        float[] dx = new float[3];

        ClippedBackward.INSTANCE.apply(
                new float[] {1, 1, 1},
                new float[] {5, 6, 7},
                dx,
                3,
                new float[] {0.1f, 0.2f, 1f},
                -7,
                7);

        assertThat(dx).containsExactly(0, 6, 7);
    }

    @Test
    void the_identity_passes_everything() {
        float[] grad = {1, Float.NaN, -INF};
        float[] dx = new float[3];
        float[] x = {INF, Float.NaN, 0};
        double[] wide = new double[1];

        IdentityBackward.INSTANCE.apply(x, grad, dx, 0, 3, 0.1f, -7, 7);
        assertThat(dx).containsExactly(grad);

        Arrays.fill(dx, 0);
        IdentityBackward.INSTANCE.apply(x, grad, dx, 3, new float[3], -7, 7);
        assertThat(dx).containsExactly(grad);

        IdentityBackward.INSTANCE.apply(new double[1], new double[] {2}, wide, 0, 1, 0.1, -7, 7);
        assertThat(wide).containsExactly(2);
    }
}
