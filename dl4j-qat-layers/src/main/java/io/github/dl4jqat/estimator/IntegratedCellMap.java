package io.github.dl4jqat.estimator;

import java.util.function.DoubleUnaryOperator;

/**
 * The map for any positive slope, by quadrature: the integral of {@code 1 / slope} up to the ends
 * of equal panels is kept, and only a rest within one panel is computed for each value. A panel is
 * halved until both halves agree with the whole, so corners and jumps of the slope cost time and no
 * accuracy.
 */
final class IntegratedCellMap implements CellMap {

    private static final int PANELS = 128;
    private static final int DEEPEST = 48;
    private static final int MOST_STEPS = 200;
    private static final double TOLERANCE = 1e-14;

    /** Nodes and weights of Gauss-Legendre quadrature with 8 points on [-1, 1], one half. */
    private static final double[] NODES = {
        0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975363
    };

    private static final double[] WEIGHTS = {
        0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763
    };

    private final String name;
    private final String levels;
    private final DoubleUnaryOperator slope;

    /** Integral from 0 to the end of a panel; index {@link #PANELS} / 2 is the middle. */
    private final double[] upTo = new double[PANELS + 1];

    private final double factor;

    IntegratedCellMap(String name, String levels, DoubleUnaryOperator slope) {
        this.name = name;
        this.levels = levels;
        this.slope = slope;
        for (int p = 0; p <= PANELS; p++) {
            inverseSlope(place(p));
        }
        int middle = PANELS / 2;
        for (int p = middle; p < PANELS; p++) {
            upTo[p + 1] = upTo[p] + integral(place(p), place(p + 1));
        }
        for (int p = middle; p > 0; p--) {
            upTo[p - 1] = upTo[p] - integral(place(p - 1), place(p));
        }
        factor = 1 / (upTo[PANELS] - upTo[0]);
    }

    private static double place(int panel) {
        return (double) panel / PANELS - 0.5;
    }

    private double inverseSlope(double tau) {
        double s = slope.applyAsDouble(tau);
        double inverse = 1 / s;
        if (!(s > 0) || Double.isInfinite(s) || Double.isInfinite(inverse)) {
            throw notPositive(tau, s);
        }
        return inverse;
    }

    private IllegalArgumentException notPositive(double tau, double s) {
        return new IllegalArgumentException(
                "EstimatorEquivalence: '"
                        + name
                        + "' on "
                        + levels
                        + " levels has the slope "
                        + s
                        + " at tau="
                        + tau
                        + "; a straight-through twin exists only where the slope is positive and"
                        + " finite in the whole cell, from -0.5 to 0.5");
    }

    private double integral(double from, double to) {
        return refined(from, to, panel(from, to), DEEPEST);
    }

    private double refined(double from, double to, double whole, int depth) {
        double middle = (from + to) / 2;
        double left = panel(from, middle);
        double right = panel(middle, to);
        double both = left + right;
        if (Math.abs(both - whole) <= TOLERANCE * both || middle <= from || middle >= to) {
            return both;
        }
        if (depth == 0) {
            // A jump has shrunk to nothing by now; what is left grows without bound.
            if (both > 1e-9) {
                throw notPositive(middle, slope.applyAsDouble(middle));
            }
            return both;
        }
        return refined(from, middle, left, depth - 1) + refined(middle, to, right, depth - 1);
    }

    private double panel(double from, double to) {
        double centre = (from + to) / 2;
        double half = (to - from) / 2;
        double sum = 0;
        for (int i = 0; i < NODES.length; i++) {
            double away = half * NODES[i];
            sum += WEIGHTS[i] * (inverseSlope(centre - away) + inverseSlope(centre + away));
        }
        return sum * half;
    }

    @Override
    public double factor() {
        return factor;
    }

    @Override
    public double map(double tau) {
        return factor * raw(tau);
    }

    private double raw(double tau) {
        int panel = (int) Math.min(PANELS - 1, Math.floor((tau + 0.5) * PANELS));
        return upTo[panel] + (tau > place(panel) ? integral(place(panel), tau) : 0);
    }

    /** Newton's method, kept within the panel that holds the solution by halving it. */
    @Override
    public double inverse(double u) {
        double target = u / factor;
        int panel = 0;
        for (int step = PANELS / 2; step > 0; step /= 2) {
            panel += upTo[panel + step] <= target ? step : 0;
        }
        double low = place(panel);
        double high = place(panel + 1);
        double tau = low + (target - upTo[panel]) * slope.applyAsDouble(low);
        for (int i = 0; i < MOST_STEPS; i++) {
            if (!(tau > low && tau < high)) {
                tau = (low + high) / 2;
            }
            double off = upTo[panel] + integral(place(panel), tau) - target;
            if (off > 0) {
                high = tau;
            } else {
                low = tau;
            }
            double next = tau - off * slope.applyAsDouble(tau);
            if (Math.abs(next - tau) <= Math.ulp(0.5) || high - low <= Math.ulp(0.25)) {
                return Math.max(-0.5, Math.min(0.5, next));
            }
            tau = next;
        }
        return tau;
    }
}
