package io.github.dl4jqat.kernels;

/**
 * What a {@link FloatBackward} works on: a stretch of floats that share a scale, as plain mutable
 * fields like those of {@link KernelRun}. A run belongs to one thread and is used again for the
 * next stretch.
 */
public final class FloatRun {

    private static final int ARRAYS = 3;

    /** The values before quantization; in front of the ReLU if there is one. */
    public final float[] x;

    /** The gradient of the quantized values; becomes that of the values. */
    public final float[] grad;

    /** First element of the stretch. */
    public int from;

    /** End of the stretch, exclusive. */
    public int to;

    /** Real size of a step. */
    public float scale;

    /** The smallest level in steps. */
    public float low;

    /** The largest level in steps. */
    public float high;

    /** Whether a ReLU comes before the quantizer, so that {@code max(x, 0)} is quantized. */
    public boolean rectified;

    /** Where the gradients of the quantizer's parameters are added up. */
    public double[] sums;

    /** For intermediate results, as long as the others. */
    final float[][] work;

    /** A run with room for so many elements. */
    public FloatRun(int length) {
        x = new float[length];
        grad = new float[length];
        work = new float[ARRAYS][length];
    }
}
