package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;

/**
 * From accumulators to real values on the output's grid in float arithmetic:
 *
 * <pre>
 *   y = rint(clamp((acc + bias) * factor, low, high)) * scale
 *   low = smallest output integer - zeroPoint,  high = largest output integer - zeroPoint
 * </pre>
 *
 * For whole accumulators this is {@code (Requantizer.apply(acc + bias) - zeroPoint) * scale} to the
 * last bit, if the bias is a float without rounding and {@code acc + bias} fits an int: the sum of
 * two floats rounds the exact sum once, as the conversion of the int sum to float does.
 */
public final class RequantizeKernel {

    private static final float ROUND = 0x1.8p23f;

    private RequantizeKernel() {}

    /** Whether the float arithmetic of this class is that of a requantizer, for all channels. */
    public static boolean isExactFor(int[] bias, Requantizer r) {
        if (r.mode() != Requantization.FLOAT) {
            return false;
        }
        for (int b : bias) {
            if (Math.abs((long) b) > 1 << 24) {
                return false;
            }
        }
        return true;
    }

    /** {@code y[i]} for {@code from <= i < to}; {@code acc} and {@code y} may be one. */
    public static void requantize(
            float[] acc,
            float[] y,
            int from,
            int to,
            float bias,
            float factor,
            float scale,
            float low,
            float high) {
        for (int i = from; i < to; i++) {
            float k = Math.max(low, Math.min(high, (acc[i] + bias) * factor));
            y[i] = ((k + ROUND) - ROUND) * scale;
        }
    }

    /** The same with bias and factor for each element. */
    public static void requantize(
            float[] acc,
            float[] y,
            int n,
            float[] bias,
            float[] factor,
            float scale,
            float low,
            float high) {
        for (int i = 0; i < n; i++) {
            float k = Math.max(low, Math.min(high, (acc[i] + bias[i]) * factor[i]));
            y[i] = ((k + ROUND) - ROUND) * scale;
        }
    }
}
