package io.github.dl4jqat.quant;

/**
 * The softmax at the end of a classifier, in float, computed the same way by the quantized output
 * layer and by the integer network: equal logits give equal probabilities wherever they stand, so
 * that the first of two tied classes wins in both.
 */
public final class Softmax {

    private Softmax() {}

    /** Replaces {@code length} logits from {@code offset} on by {@code exp(x - max) / sum}. */
    public static void apply(float[] x, int offset, int length) {
        apply(x, offset, length, 1);
    }

    /**
     * The same for logits that do not stand side by side, such as the classes of one step of a
     * sequence: {@code offset}, {@code offset + stride}, and so on. The numbers are those that the
     * logits side by side give.
     */
    public static void apply(float[] x, int offset, int length, int stride) {
        int end = offset + length * stride;
        float max = Float.NEGATIVE_INFINITY;
        for (int i = offset; i < end; i += stride) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = offset; i < end; i += stride) {
            sum += StrictMath.exp((double) x[i] - max);
        }
        for (int i = offset; i < end; i += stride) {
            x[i] = (float) (StrictMath.exp((double) x[i] - max) / sum);
        }
    }
}
