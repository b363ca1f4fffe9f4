package io.github.dl4jqat.kernels;

/**
 * The forward pass of fake quantization over a block of one scale:
 *
 * <pre>
 *   k = rint(clamp(x / scale, low, high))      low = qMin - zeroPoint, high = qMax - zeroPoint
 *   y = k * scale
 * </pre>
 *
 * which equals {@code (clamp(rint(x / scale) + zeroPoint, qMin, qMax) - zeroPoint) * scale}:
 * clamping to whole numbers and rounding commute. Ties go to the even neighbour, the division is a
 * true one, NaN stays NaN, and a value that rounds to zero is +0.0.
 *
 * <p>{@code Math.rint} is not vectorized; adding and subtracting 1.5 * 2^23 (2^52 for doubles)
 * rounds the same way for every |k| below 2^22 and is. Java's floating point is strict, so it may
 * not be optimized away.
 */
public final class FakeQuantKernel {

    private static final float ROUND_FLOAT = 0x1.8p23f;
    private static final double ROUND_DOUBLE = 0x1.8p52;

    private FakeQuantKernel() {}

    /** {@code y[i] = k * scale} for {@code from <= i < to}; {@code x} and {@code y} may be one. */
    public static void fakeQuantize(
            float[] x, float[] y, int from, int to, float scale, float low, float high) {
        for (int i = from; i < to; i++) {
            float k = Math.max(low, Math.min(high, x[i] / scale));
            y[i] = ((k + ROUND_FLOAT) - ROUND_FLOAT) * scale;
        }
    }

    /** The same with a scale for each element. */
    public static void fakeQuantize(
            float[] x, float[] y, int n, float[] scale, float low, float high) {
        for (int i = 0; i < n; i++) {
            float k = Math.max(low, Math.min(high, x[i] / scale[i]));
            y[i] = ((k + ROUND_FLOAT) - ROUND_FLOAT) * scale[i];
        }
    }

    /** The same for doubles; the scale is a float, widened. */
    public static void fakeQuantize(
            double[] x, double[] y, int from, int to, double scale, double low, double high) {
        for (int i = from; i < to; i++) {
            double k = Math.max(low, Math.min(high, x[i] / scale));
            y[i] = ((k + ROUND_DOUBLE) - ROUND_DOUBLE) * scale;
        }
    }

    /** {@code y[i] = k}: the whole number of steps, {@code q - zeroPoint}. */
    public static void steps(
            float[] x, float[] y, int from, int to, float scale, float low, float high) {
        for (int i = from; i < to; i++) {
            float k = Math.max(low, Math.min(high, x[i] / scale));
            y[i] = (k + ROUND_FLOAT) - ROUND_FLOAT;
        }
    }

    /** The same with a scale for each element. */
    public static void steps(float[] x, float[] y, int n, float[] scale, float low, float high) {
        for (int i = 0; i < n; i++) {
            float k = Math.max(low, Math.min(high, x[i] / scale[i]));
            y[i] = (k + ROUND_FLOAT) - ROUND_FLOAT;
        }
    }

    /** The same for doubles. */
    public static void steps(
            double[] x, double[] y, int from, int to, double scale, double low, double high) {
        for (int i = from; i < to; i++) {
            double k = Math.max(low, Math.min(high, x[i] / scale));
            y[i] = (k + ROUND_DOUBLE) - ROUND_DOUBLE;
        }
    }
}
