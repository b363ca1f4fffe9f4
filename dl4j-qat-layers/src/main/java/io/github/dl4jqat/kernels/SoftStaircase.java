package io.github.dl4jqat.kernels;

/**
 * Rounding replaced by a staircase of hyperbolic tangents, in the backward pass or in both. With
 * {@code l} and {@code u} the lowest and the highest level, {@code D} the distance of two, {@code
 * t} in -0.5..0.5 where in its cell {@code x} lies, and {@code kappa = ln(2 / alpha - 1)}:
 *
 * <pre>
 *   phi     = tanh(kappa t) / (1 - alpha)                 -1 at the lower level, 1 at the upper
 *   Q       = middle of the cell + D / 2 * phi            inside; l below, u above
 *   dx      = q' = kappa / (2 (1 - alpha)) * (1 - tanh(kappa t)^2)
 *   dalpha  = D / 2 * (s^2 tanh(kappa t) - 2 s t (1 - tanh(kappa t)^2) / (alpha (2 - alpha)))
 *             with s = 1 / (1 - alpha)
 *   du      = (Q - l - q' (x - l)) / (u - l)              1 above, 0 below
 *   dl      = 1 - q' - du                                 0 above, 1 below
 * </pre>
 *
 * so {@code dx + dl + du = 1} everywhere, and the mean of {@code dx} over a cell is 1. The hard
 * forward pass takes the nearest level. The derivatives are those of {@code Q} in either case.
 *
 * <p>Worked numbers, l = -1, u = 1, 4 levels, alpha = 0.2: x = -0.9 has Q = -0.93599, dx = 0.79953,
 * dalpha = 0.13505, dl = 0.20844, du = -0.00797. NaN stays NaN forward and gets no gradient.
 *
 * <p>Source: Gong et al., "Differentiable Soft Quantization", arXiv:1908.05033; the derivatives
 * with respect to alpha and the bounds are derived from its definition.
 *
 * <p>Immutable and thread-safe.
 */
public final class SoftStaircase implements EstimatorKernel, FloatBackward {

    /** Which bounds are parameters of the run, after alpha if that is one. */
    public enum LearnedBounds {
        /** None. */
        NONE,
        /** The lower and the upper one. */
        BOTH,
        /** The upper one; the lower one is a fixed multiple of it. */
        UPPER
    }

    private static final double SMALLEST_ALPHA = 1e-12;
    private static final double LARGEST_ALPHA = 1 - 1e-6;

    private final double fixedAlpha;
    private final LearnedBounds bounds;
    private final boolean soft;

    /**
     * A staircase.
     *
     * @param alpha how far from a staircase, above 0 (hard) to below 1 (a line), or NaN where it is
     *     the first parameter of the run
     * @param soft whether the forward pass is soft too
     */
    public SoftStaircase(double alpha, LearnedBounds bounds, boolean soft) {
        fixedAlpha = alpha;
        this.bounds = bounds;
        this.soft = soft;
    }

    /** The slope {@code q'} at a place in a cell. */
    public static double slope(double alpha, double tau) {
        return new Shape(alpha).slope(tau);
    }

    @Override
    public boolean rounds() {
        return !soft;
    }

    @Override
    public void forward(KernelRun run) {
        if (!soft) {
            EstimatorKernel.super.forward(run);
            return;
        }
        Shape shape = new Shape(alpha(run));
        new SoftSlopes(run, shape.kappa, shape.peak()).forward(run, shape.s);
    }

    @Override
    public void backward(KernelRun run) {
        Shape shape = new Shape(alpha(run));
        SoftSlopes slopes = new SoftSlopes(run, shape.kappa, shape.peak());
        ShapeSums sums = sums(run, shape);
        slopes.backward(run, sums);
        if (sums != null) {
            addUp(run, sums.alpha, sums.lower + slopes.below, sums.upper + slopes.above);
        }
    }

    /** {@inheritDoc} Slopes differ by up to 4e-6 of themselves. */
    @Override
    public boolean backward(FloatRun run) {
        if (Double.isNaN(fixedAlpha) || bounds != LearnedBounds.NONE) {
            return false;
        }
        Shape shape = new Shape(fixedAlpha);
        return SoftSlopeFloats.backward(run, shape.kappa, shape.peak());
    }

    private ShapeSums sums(KernelRun run, Shape shape) {
        return Double.isNaN(fixedAlpha) || bounds != LearnedBounds.NONE
                ? new ShapeSums(run, shape, bounds != LearnedBounds.NONE)
                : null;
    }

    private void addUp(KernelRun run, double alphas, double lowers, double uppers) {
        int next = 0;
        if (Double.isNaN(fixedAlpha)) {
            run.sums[next++] += alphas;
        }
        if (bounds == LearnedBounds.BOTH) {
            run.sums[next] += lowers;
            run.sums[next + 1] += uppers;
        } else if (bounds == LearnedBounds.UPPER) {
            run.sums[next] += uppers + lowers * run.grid.low() / run.grid.high();
        }
    }

    private double alpha(KernelRun run) {
        return Double.isNaN(fixedAlpha) ? run.values[0] : fixedAlpha;
    }

    /** What depends on alpha alone. */
    private static final class Shape {
        private final double kappa;
        private final double s;
        private final double stretch;

        Shape(double alpha) {
            double a = Math.max(SMALLEST_ALPHA, Math.min(LARGEST_ALPHA, alpha));
            kappa = Math.log(2 / a - 1);
            s = 1 / (1 - a);
            stretch = 2 / (a * (2 - a));
        }

        double peak() {
            return s * kappa / 2;
        }

        double slope(double t) {
            double th = Math.tanh(kappa * t);
            return peak() * (1 - th * th);
        }
    }

    /** Adds up the gradients of alpha and the bounds. */
    private static final class ShapeSums implements SoftSlopes.Sums {
        private final Shape shape;
        private final double low;
        private final double span;
        private final double spacing;
        private final double halfCell;
        private final boolean learnsBounds;
        private double alpha;
        private double lower;
        private double upper;

        ShapeSums(KernelRun run, Shape shape, boolean learnsBounds) {
            this.shape = shape;
            low = run.grid.low();
            span = run.grid.high() - low;
            spacing = run.grid.spacing();
            halfCell = run.scale * spacing / 2;
            this.learnsBounds = learnsBounds;
        }

        @Override
        public void add(double[] p, double[] t, double[] th, double[] slope, double[] g, int n) {
            double s = shape.s;
            double curve = s * shape.stretch / shape.peak();
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += g[i] * (s * s * th[i] - curve * t[i] * slope[i]);
            }
            alpha += halfCell * sum;
            if (learnsBounds) {
                bounds(p, t, th, slope, g, n);
            }
        }

        private void bounds(
                double[] p, double[] t, double[] th, double[] slope, double[] g, int n) {
            double half = shape.s * spacing / 2;
            for (int i = 0; i < n; i++) {
                double above = p[i] - low;
                double up = (above - spacing * t[i] + half * th[i] - slope[i] * above) / span;
                upper += g[i] * up;
                lower += g[i] * (1 - slope[i] - up);
            }
        }
    }
}
