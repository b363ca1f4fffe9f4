package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.IdentityBackward;
import io.github.dl4jqat.quant.QuantSpec;

/**
 * The identity straight-through estimator: the gradient passes unchanged, outside the range too.
 *
 * <p>Worked numbers, scale 0.5, -2..1, gradient 1: x = -9, -1, 0.2, 0.5, 9 gives 1, 1, 1, 1, 1.
 *
 * <p>Source: Bengio, Léonard, Courville, arXiv:1308.3432.
 *
 * @see IdentityBackward
 */
public record StraightThrough() implements CyclicEstimator {

    /** The name in configurations. */
    public static final String NAME = "identity";

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return IdentityBackward.INSTANCE;
    }

    @Override
    public double slope(QuantSpec spec, double tau) {
        return Cells.check(tau, 1);
    }
}
