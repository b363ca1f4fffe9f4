package io.github.dl4jqat.kernels;

/**
 * The gradient passes inside the range, and outside it is as much smaller as the value is larger
 * than the end:
 *
 * <pre>
 *   dx = grad                    where bottom &lt;= x &lt;= top, the real ends of the grid
 *   dx = grad * top / x          above
 *   dx = grad * bottom / x       below; 0 where nothing below zero can be represented
 * </pre>
 *
 * So a clipped value still moves, unless it is NaN. Source: Sakr et al., "Optimal Clipping and
 * Magnitude-aware Differentiation for Improved Quantization-aware Training", arXiv:2206.06501.
 */
public final class MagnitudeAwareBackward implements EstimatorKernel {

    /** The only instance. */
    public static final MagnitudeAwareBackward INSTANCE = new MagnitudeAwareBackward();

    private MagnitudeAwareBackward() {}

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        double top = run.real(run.grid.high());
        double bottom = run.real(run.grid.low());
        run.each(
                (v, g) -> {
                    if (Double.isNaN(v)) {
                        return 0;
                    }
                    return v > top ? g * (top / v) : v < bottom ? g * Math.abs(bottom / v) : g;
                });
    }
}
