package io.github.dl4jqat.kernels;

/**
 * The gradients of a learned step size. With {@code p = x / scale}, and {@code low} and {@code
 * high} the ends of the grid in steps:
 *
 * <pre>
 *                       dx      dscale
 *   p &lt;= low            0       grad * low
 *   low &lt; p &lt; high      grad    grad * (level(p) - p)
 *   p &gt;= high           0       grad * high
 * </pre>
 *
 * NaN gets and adds no gradient. The parameter is the first one of the run. Source: Esser et al.,
 * "Learned Step Size Quantization", arXiv:1902.08153.
 */
public final class LearnedStepBackward implements EstimatorKernel, FloatBackward {

    /** The only instance. */
    public static final LearnedStepBackward INSTANCE = new LearnedStepBackward();

    private LearnedStepBackward() {}

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        Grid grid = run.grid;
        double sum = 0;
        for (int i = run.from; i < run.to; i++) {
            double p = run.position(run.x[i]);
            double g = run.grad[i];
            if (p > grid.low() && p < grid.high()) {
                sum += g * (grid.level(p) - p);
                run.out[i] = g;
            } else {
                if (!Double.isNaN(p)) {
                    sum += g * grid.clamp(p);
                }
                run.out[i] = 0;
            }
        }
        run.sums[0] += sum;
    }

    @Override
    public boolean backward(FloatRun run) {
        return LearnedStepFloats.apply(run);
    }
}
