package io.github.dl4jqat.kernels;

/**
 * Levels of the hyperbolic tangent of the weights, brought into [-1, 1] by its largest magnitude:
 *
 * <pre>
 *   t  = tanh(x) / largest
 *   y  = level(t * high) * scale                      high: the highest level in steps
 *   dx = grad * (1 - tanh(x)^2) / largest * (scale * high)
 * </pre>
 *
 * Parameter 0 of the run is the scale before it was rounded to float, parameter 1 {@code largest},
 * which counts as a constant.
 */
public final class TanhKernel implements EstimatorKernel {

    /** The only instance. */
    public static final TanhKernel INSTANCE = new TanhKernel();

    private static final int SCALE = 0;
    private static final int LARGEST = 1;

    private TanhKernel() {}

    @Override
    public void levels(KernelRun run) {
        double high = run.grid.high();
        for (int i = run.from; i < run.to; i++) {
            run.out[i] = run.grid.level(Math.tanh(run.x[i]) / run.values[LARGEST] * high);
        }
    }

    @Override
    public void backward(KernelRun run) {
        double factor = run.values[SCALE] * run.grid.high() / run.values[LARGEST];
        for (int i = run.from; i < run.to; i++) {
            double t = Math.tanh(run.x[i]);
            run.out[i] = Double.isNaN(t) ? 0 : run.grad[i] * (1 - t * t) * factor;
        }
    }
}
