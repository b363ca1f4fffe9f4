package io.github.dl4jqat.kernels;

/**
 * The derivative of a staircase of hyperbolic tangents in place of that of rounding:
 *
 * <pre>
 *   dx = grad * e / tanh(e) / cosh(2 e tau)^2     where low &lt;= x / scale &lt;= high, 0 elsewhere
 * </pre>
 *
 * with {@code tau} in -0.5..0.5 where in its cell {@code x} lies, 0 being where rounding jumps. The
 * mean over a cell is 1. A value beyond an end by no more than the rounding of a float scale counts
 * as on it; NaN gets no gradient.
 *
 * <p>Immutable and thread-safe.
 */
public final class TanhBackward implements EstimatorKernel, FloatBackward {

    private final double e;
    private final double peak;

    /**
     * A rule.
     *
     * @param e how steep, greater than 0; near 0 the slope is 1 everywhere
     */
    public TanhBackward(double e) {
        this.e = e;
        peak = e / Math.tanh(e);
    }

    /** The slope at a place in a cell. */
    public double slope(double tau) {
        double cosh = Math.cosh(2 * e * tau);
        return peak / (cosh * cosh);
    }

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        if (SoftSlopes.serves(2 * e)) {
            new SoftSlopes(run, 2 * e, peak).backward(run, null);
            return;
        }
        Grid grid = run.grid;
        for (int i = run.from; i < run.to; i++) {
            double p = run.position(run.x[i]);
            run.out[i] = run.reaches(p) ? run.grad[i] * slope(grid.withinCell(grid.clamp(p))) : 0;
        }
    }

    /** {@inheritDoc} Slopes differ by up to 4e-6 of themselves. */
    @Override
    public boolean backward(FloatRun run) {
        return SoftSlopeFloats.backward(run, 2 * e, peak);
    }
}
