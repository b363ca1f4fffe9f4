package io.github.dl4jqat.estimator;

import io.github.dl4jqat.quant.QuantSpec;

/**
 * An estimator whose gradient inside the range is that of the quantized value times a positive
 * number that repeats from cell to cell, a cell reaching from one level to the next:
 *
 * <pre>
 *   dx = slope(tau) * grad       tau in [-0.5, 0.5]: where in its cell x lies, 0 halfway
 * </pre>
 *
 * Rounding jumps at {@code tau = 0}. Such estimators train the same network as the straight-through
 * one that starts from moved weights ("Custom Gradient Estimators are Straight-Through Estimators
 * in Disguise", arXiv:2405.05171), and the slope is all that one needs to know to move them.
 *
 * <p>Worked numbers: the straight-through estimators have the slope 1 anywhere; {@code tanh} with
 * sharpness 6.5 on 4 levels has 2.2243 at {@code tau = 0} and 0.1138 at either end.
 */
public interface CyclicEstimator extends GradientEstimator {

    /**
     * The slope within a cell, at training without a schedule.
     *
     * @param spec which integers; the number of levels counts, the granularity does not
     * @param tau place in the cell, from -0.5 (the lower level) to 0.5 (the upper one)
     * @return greater than 0; its mean over a cell is 1
     * @throws IllegalArgumentException for a place outside the cell, and where the slope of these
     *     settings is not the same in every cell or not known before training
     */
    double slope(QuantSpec spec, double tau);
}
