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
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < length; i++) {
            max = Math.max(max, x[offset + i]);
        }
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += StrictMath.exp((double) x[offset + i] - max);
        }
        for (int i = 0; i < length; i++) {
            x[offset + i] = (float) (StrictMath.exp((double) x[offset + i] - max) / sum);
        }
    }
}
