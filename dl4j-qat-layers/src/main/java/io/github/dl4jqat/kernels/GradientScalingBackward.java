package io.github.dl4jqat.kernels;

/**
 * Each gradient made a little larger or smaller by the distance of its value from its level, so
 * that the value is pushed across the cell faster in one direction than in the other:
 *
 * <pre>
 *   dx = grad * (1 + delta * sign(grad) * (x - Q(x)) / (top - bottom))
 *        where bottom &lt;= x &lt;= top, the real ends of the grid; 0 elsewhere and where x is NaN
 * </pre>
 *
 * Source: Lee, Kim, Ham, "Network Quantization with Element-wise Gradient Scaling",
 * arXiv:2104.00903.
 *
 * <p>Immutable and thread-safe.
 */
public final class GradientScalingBackward implements EstimatorKernel {

    private final double delta;

    /** A rule. */
    public GradientScalingBackward(double delta) {
        this.delta = delta;
    }

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        Grid grid = run.grid;
        double factor = delta / (grid.high() - grid.low());
        run.each(
                (v, g) -> {
                    double p = run.position(v);
                    if (!run.reaches(p)) {
                        return 0;
                    }
                    return g * (1 + factor * Math.signum(g) * (p - grid.level(p)));
                });
    }
}
