package io.github.dl4jqat.kernels;

/**
 * What a {@link FloatForward} or a {@link FloatBackward} works on: a stretch of floats that share a
 * scale, as plain mutable fields like those of {@link KernelRun}. A run belongs to one thread and
 * is used again for the next stretch.
 */
public final class FloatRun {

    private static final int ARRAYS = 3;

    /** The values before quantization; backward in front of the ReLU if there is one. */
    public final float[] x;

    /** The gradient of the quantized values, which becomes that of the values; backward only. */
    public final float[] grad;

    /** First element of the stretch. */
    public int from;

    /** End of the stretch, exclusive. */
    public int to;

    /** Real size of a step. */
    public float scale;

    /**
     * Number of element {@link #from} in the tensor, all elements of an output channel in a row;
     * only for forward passes of kernels that are {@link EstimatorKernel#ordered}.
     */
    public long index;

    /** The smallest level in steps. */
    public float low;

    /** The largest level in steps. */
    public float high;

    /**
     * Whether a ReLU comes before the quantizer, so that {@code max(x, 0)} is quantized; backward
     * only.
     */
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
