package io.github.dl4jqat.estimator;

import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;

/** What the cells of a grid have in common: how many there are, and where a place in one may be. */
final class Cells {

    private Cells() {}

    /** How many cells lie between the levels of a spec, one fewer than there are levels. */
    static int of(QuantSpec spec) {
        int steps = spec.qMax() - spec.qMin();
        return spec.symmetry() == Symmetry.MID_RISE ? steps / 2 : steps;
    }

    /** The slope, if {@code tau} is a place in a cell. */
    static double check(double tau, double slope) {
        if (!(Math.abs(tau) <= 0.5)) {
            throw new IllegalArgumentException(
                    "CyclicEstimator.slope: tau="
                            + tau
                            + " is outside a cell; expected -0.5..0.5, 0 being halfway between two"
                            + " levels");
        }
        return slope;
    }
}
