package io.github.dl4jqat.kernels;

/**
 * An estimator that rounds in the forward pass and has a backward pass that only looks at one
 * element and its range: loops over floats without a detour, several times faster than {@link
 * KernelRun}. {@code low} and {@code high} are the ends of the grid in steps, as in {@link
 * FakeQuantKernel}; {@code dx} may be the same array as {@code grad}.
 *
 * <p>Implementations are stateless and thread-safe.
 */
public interface BackwardKernel extends EstimatorKernel {

    /** {@code dx[i]} from {@code x[i]} and the gradient {@code grad[i]} of the quantized value. */
    void apply(
            float[] x,
            float[] grad,
            float[] dx,
            int from,
            int to,
            float scale,
            float low,
            float high);

    /** The same for doubles. */
    void apply(
            double[] x,
            double[] grad,
            double[] dx,
            int from,
            int to,
            double scale,
            double low,
            double high);

    /**
     * The floats with a scale for each element. Slow unless overridden; it serves tensors whose
     * scale changes every few elements.
     */
    default void apply(
            float[] x, float[] grad, float[] dx, int n, float[] scale, float low, float high) {
        for (int i = 0; i < n; i++) {
            apply(x, grad, dx, i, i + 1, scale[i], low, high);
        }
    }

    @Override
    default boolean rounds() {
        return true;
    }

    @Override
    default void backward(KernelRun run) {
        apply(
                run.x,
                run.grad,
                run.out,
                run.from,
                run.to,
                run.scale,
                run.grid.low(),
                run.grid.high());
    }
}
