package io.github.dl4jqat.kernels;

/**
 * The identity straight-through estimator: {@code dx = grad} everywhere, outside the range too.
 * Source: Bengio, Léonard, Courville, "Estimating or Propagating Gradients Through Stochastic
 * Neurons for Conditional Computation", arXiv:1308.3432.
 */
public final class IdentityBackward implements BackwardKernel {

    /** The only instance. */
    public static final IdentityBackward INSTANCE = new IdentityBackward();

    private IdentityBackward() {}

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
        if (grad != dx) {
            System.arraycopy(grad, from, dx, from, to - from);
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
        if (grad != dx) {
            System.arraycopy(grad, from, dx, from, to - from);
        }
    }

    @Override
    public void apply(
            float[] x, float[] grad, float[] dx, int n, float[] scale, float low, float high) {
        apply(x, grad, dx, 0, n, 1f, low, high);
    }
}
