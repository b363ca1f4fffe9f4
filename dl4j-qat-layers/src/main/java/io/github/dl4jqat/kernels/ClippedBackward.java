package io.github.dl4jqat.kernels;

/**
 * The clipped straight-through estimator:
 *
 * <pre>
 *   dx = grad   where  low * scale &lt;= x &lt;= high * scale      (both ends included)
 *   dx = 0      elsewhere, and where x is NaN
 * </pre>
 *
 * The mask looks at the value before rounding and at the real bounds, so a value that rounds onto
 * the last grid point from outside gets no gradient, and one exactly on it does. For long arrays
 * {@link ClippedBits} computes the same floats several times faster. Source: Hubara et al.,
 * "Binarized Neural Networks", arXiv:1602.02830; the inclusive ends are those of TensorFlow's
 * fake-quant operator.
 */
public final class ClippedBackward implements BackwardKernel {

    /** The only instance. */
    public static final ClippedBackward INSTANCE = new ClippedBackward();

    private ClippedBackward() {}

    @Override
    public void apply(
            float[] x,
            float[] grad,
            float[] dx,
            int from,
            int to,
            float scale,
            float low,
            float high) {
        float smallest = low * scale;
        float largest = high * scale;
        for (int i = from; i < to; i++) {
            float v = x[i];
            dx[i] = v >= smallest && v <= largest ? grad[i] : 0f;
        }
    }

    @Override
    public void apply(
            double[] x,
            double[] grad,
            double[] dx,
            int from,
            int to,
            double scale,
            double low,
            double high) {
        double smallest = low * scale;
        double largest = high * scale;
        for (int i = from; i < to; i++) {
            double v = x[i];
            dx[i] = v >= smallest && v <= largest ? grad[i] : 0;
        }
    }
}
