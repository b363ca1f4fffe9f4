package io.github.dl4jqat.kernels;

/**
 * A ReLU over a block, {@code max(x, 0)}, and what lets a gradient through it: {@code x > 0}. NaN
 * stays NaN and lets nothing through; a zero of either sign becomes +0.0.
 */
public final class Rectifier {

    private static final int INFINITY = 0x7f800000;
    private static final long LONG_INFINITY = 0x7ff0000000000000L;

    private Rectifier() {}

    /** {@code x[i] = max(x[i], 0)} for {@code from <= i < to}. */
    public static void apply(float[] x, int from, int to) {
        for (int i = from; i < to; i++) {
            x[i] = Math.max(x[i], 0f);
        }
    }

    /** The same for doubles. */
    public static void apply(double[] x, int from, int to) {
        for (int i = from; i < to; i++) {
            x[i] = Math.max(x[i], 0);
        }
    }

    /**
     * {@code grad[i] = 0} where {@code x[i] > 0} does not hold. On bits, because a branch on the
     * sign of an activation goes either way at random: the bits of positive numbers are 1 to those
     * of infinity, so one of two differences is negative for all others.
     */
    public static void mask(float[] x, float[] grad, int from, int to) {
        for (int i = from; i < to; i++) {
            int bits = Float.floatToRawIntBits(x[i]);
            int no = ((bits - 1) | (INFINITY - bits)) >> (Integer.SIZE - 1);
            grad[i] = Float.intBitsToFloat(Float.floatToRawIntBits(grad[i]) & ~no);
        }
    }

    /** The same for doubles. */
    public static void mask(double[] x, double[] grad, int from, int to) {
        for (int i = from; i < to; i++) {
            long bits = Double.doubleToRawLongBits(x[i]);
            long no = ((bits - 1) | (LONG_INFINITY - bits)) >> (Long.SIZE - 1);
            grad[i] = Double.longBitsToDouble(Double.doubleToRawLongBits(grad[i]) & ~no);
        }
    }

    /** The smallest {@link ClippedBits} key of a number that a gradient gets through at. */
    public static int lowKey() {
        return 1;
    }

    /** The key of the largest such number. */
    public static int highKey() {
        return INFINITY;
    }
}
