package io.github.dl4jqat.kernels;

/**
 * A ReLU over a block, {@code max(x, 0)}, and what lets a gradient through it: {@code x > 0}. NaN
 * stays NaN and lets nothing through; a zero of either sign becomes +0.0.
 */
public final class Rectifier {

    private static final int INFINITY = 0x7f800000;

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

    /** {@code grad[i] = 0} where {@code x[i] > 0} does not hold. */
    public static void mask(float[] x, float[] grad, int from, int to) {
        for (int i = from; i < to; i++) {
            grad[i] = x[i] > 0 ? grad[i] : 0;
        }
    }

    /** The same for doubles. */
    public static void mask(double[] x, double[] grad, int from, int to) {
        for (int i = from; i < to; i++) {
            grad[i] = x[i] > 0 ? grad[i] : 0;
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
