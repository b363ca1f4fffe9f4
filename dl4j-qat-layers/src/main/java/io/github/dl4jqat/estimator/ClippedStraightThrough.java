package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.quant.QuantSpec;

/**
 * The clipped straight-through estimator: the gradient passes where the value before rounding lies
 * between the smallest and the largest representable number, both included, and is zero elsewhere.
 *
 * <p>Worked numbers, scale 0.5, -2..1 (so -1.0 to 0.5), gradient 1: x = -9, -1, 0.2, 0.5, 0.51
 * gives 0, 1, 1, 1, 0.
 *
 * <p>Source: Hubara et al., arXiv:1602.02830.
 *
 * @see ClippedBackward
 */
public record ClippedStraightThrough() implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "clipped";

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return ClippedBackward.INSTANCE;
    }
}
