package io.github.dl4jqat.kernels;

/**
 * Three levels by a threshold, not by rounding:
 *
 * <pre>
 *   level = sign(x) where |x| &gt; threshold, else 0          NaN stays NaN
 *   dx    = grad
 * </pre>
 *
 * Parameter 0 of the run is the magnitude alpha that the levels stand for, parameter 1 the
 * threshold. Where the scale had to be raised above alpha, weights nearer to zero than to that
 * scale become zero too: those of a dead filter must not grow to the floor of its scale.
 */
public final class TernaryKernel implements EstimatorKernel {

    /** The only instance. */
    public static final TernaryKernel INSTANCE = new TernaryKernel();

    private static final int ALPHA = 0;
    private static final int THRESHOLD = 1;

    /** More than the rounding of a scale to float, less than any floor that matters. */
    private static final double RAISED = 1 + 0x1p-20;

    private TernaryKernel() {}

    @Override
    public void levels(KernelRun run) {
        double threshold = run.values[THRESHOLD];
        if (run.scale > run.values[ALPHA] * RAISED) {
            threshold = Math.max(threshold, run.scale / 2);
        }
        for (int i = run.from; i < run.to; i++) {
            double v = run.x[i];
            run.out[i] = Math.abs(v) <= threshold ? 0 : Math.signum(v);
        }
    }

    @Override
    public void backward(KernelRun run) {
        run.each((x, g) -> g);
    }
}
