package io.github.dl4jqat.kernels;

/**
 * The straight-through estimator of a value that was clipped to [0, 1]: {@code dx = grad} from 0 to
 * 1, both included, and 0 elsewhere and at NaN. The grid has no say, so the rounding of its scale
 * to a float does not move the ends.
 */
public final class UnitBackward implements BackwardKernel {

    /** The only instance. */
    public static final UnitBackward INSTANCE = new UnitBackward();

    private UnitBackward() {}

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
        for (int i = from; i < to; i++) {
            dx[i] = x[i] >= 0 && x[i] <= 1 ? grad[i] : 0f;
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
        for (int i = from; i < to; i++) {
            dx[i] = x[i] >= 0 && x[i] <= 1 ? grad[i] : 0;
        }
    }
}
