package io.github.dl4jqat.kernels;

/**
 * The gradients of a learned step size and a learned offset, the real number of the lowest level.
 * With {@code p = x / scale}, and {@code low} and {@code high} the ends of the grid in steps, whole
 * numbers or not:
 *
 * <pre>
 *                       dx      dscale                   doffset
 *   p &lt;= low            0       0                        grad
 *   low &lt; p &lt; high      grad    grad * (level(p) - p)    0
 *   p &gt;= high           0       grad * (high - low)      grad
 * </pre>
 *
 * NaN gets and adds no gradient. The step size is the first parameter of the run, the offset the
 * second. Worked numbers, scale 0.3, offset -0.25, 4 levels (-0.25 to 0.65), gradient 1: x = -0.6,
 * -0.2, 0.7 gives dscale 0, -1/6, 3 and doffset 1, 0, 1. Source: Bhalgat et al., "LSQ+",
 * arXiv:2004.09576.
 */
public final class LearnedOffsetBackward implements EstimatorKernel, FloatBackward {

    /** The only instance. */
    public static final LearnedOffsetBackward INSTANCE = new LearnedOffsetBackward();

    private LearnedOffsetBackward() {}

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        Grid grid = run.grid;
        double scale = 0;
        double offset = 0;
        for (int i = run.from; i < run.to; i++) {
            double p = run.position(run.x[i]);
            double g = run.grad[i];
            if (p > grid.low() && p < grid.high()) {
                scale += g * (grid.level(p) - p);
                run.out[i] = g;
            } else {
                if (!Double.isNaN(p)) {
                    scale += g * (grid.clamp(p) - grid.low());
                    offset += g;
                }
                run.out[i] = 0;
            }
        }
        run.sums[0] += scale;
        run.sums[1] += offset;
    }

    @Override
    public boolean backward(FloatRun run) {
        return LearnedStepFloats.apply(run);
    }
}
