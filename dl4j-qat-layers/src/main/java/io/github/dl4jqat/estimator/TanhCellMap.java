package io.github.dl4jqat.estimator;

import io.github.dl4jqat.quant.QuantSpec;

/**
 * The closed form for {@link TanhGradient}. With {@code e = sharpness / cells} and {@code F(t) = t
 * + sinh(t) cosh(t)}:
 *
 * <pre>
 *   factor = 2 e^2 / (tanh(e) F(e))          map(tau) = F(2 e tau) / (2 F(e))
 * </pre>
 *
 * Worked numbers, {@code e = 2}: factor 0.530427595, map(0.25) = 0.089914914.
 *
 * <p>Source: the code that the first author of arXiv:2405.05171 published; derived again for this
 * class.
 */
final class TanhCellMap implements CellMap {

    private static final int MOST_STEPS = 100;

    private final double e;
    private final double atEnd;

    TanhCellMap(TanhGradient estimator, QuantSpec spec) {
        e = estimator.sharpness() / Cells.of(spec);
        atEnd = integral(e);
        if (!(estimator.slope(spec, 0.5) > 0 && factor() > 0)) {
            throw new IllegalArgumentException(
                    "EstimatorEquivalence: '"
                            + estimator.name()
                            + "' with sharpness "
                            + estimator.sharpness()
                            + " on "
                            + spec.typeName()
                            + " levels is flat at the ends of a cell, as far as doubles tell; the"
                            + " slope has to be positive, and is for a sharpness below "
                            + 100 * Cells.of(spec));
        }
    }

    private static double integral(double t) {
        return t + Math.sinh(t) * Math.cosh(t);
    }

    @Override
    public double factor() {
        return 2 * e * e / (Math.tanh(e) * atEnd);
    }

    @Override
    public double map(double tau) {
        return integral(2 * e * tau) / (2 * atEnd);
    }

    /**
     * Newton's method from the outer end: the integral is convex there, so every step comes down
     * towards the solution and none passes it.
     */
    @Override
    public double inverse(double u) {
        double target = 2 * Math.abs(u) * atEnd;
        double t = e;
        for (int i = 0; i < MOST_STEPS; i++) {
            double cosh = Math.cosh(t);
            double next = t - (integral(t) - target) / (2 * cosh * cosh);
            if (!(next < t)) {
                break;
            }
            t = Math.max(0, next);
        }
        return Math.copySign(Math.min(0.5, t / (2 * e)), u);
    }
}
