package io.github.dl4jqat.kernels;

/**
 * {@link ClippedBackward} without the ends: {@code dx = grad} where {@code low * scale < x < high *
 * scale}, 0 elsewhere and where {@code x} is NaN.
 */
public final class OpenClippedBackward implements BackwardKernel {

    /** The only instance. */
    public static final OpenClippedBackward INSTANCE = new OpenClippedBackward();

    private OpenClippedBackward() {}

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
            dx[i] = v > smallest && v < largest ? grad[i] : 0f;
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
            dx[i] = v > smallest && v < largest ? grad[i] : 0;
        }
    }
}
