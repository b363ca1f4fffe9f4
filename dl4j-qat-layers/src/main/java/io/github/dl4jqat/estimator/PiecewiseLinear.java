package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.OpenClippedBackward;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.function.Supplier;

/**
 * The clipped straight-through estimator with a range and ends of one's choice: the gradient passes
 * inside the range and is zero outside. With {@code inclusive} and without {@code range} it is
 * {@link ClippedStraightThrough}.
 *
 * <p>Worked numbers, 2 bits mid-rise, range 1.5, gradient 1: x = -1.6, -1.5, 0, 1.5 gives 0, 1, 1,
 * 1, and with the ends excluded 0, 0, 1, 0.
 *
 * <p>Source: the counterpart of {@link TanhGradient} in arXiv:2405.05171.
 *
 * @param range values are clipped to {@code -range..range} ({@code 0..range} where nothing below
 *     zero can be represented), or null for the tensor's own range
 * @param inclusive whether the ends of the range belong to it
 */
public record PiecewiseLinear(Double range, boolean inclusive) implements CyclicEstimator {

    /** The name in configurations. */
    public static final String NAME = "piecewise-linear";

    private static final long serialVersionUID = 1L;

    /** Throws an {@code IllegalArgumentException} for a range that is not above 0. */
    public PiecewiseLinear {
        if (range != null) {
            Settings.positive(NAME, "range", range);
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return inclusive ? ClippedBackward.INSTANCE : OpenClippedBackward.INSTANCE;
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return range == null ? observed.get() : Steps.symmetricRange(spec, range, observed);
    }

    @Override
    public double slope(QuantSpec spec, double tau) {
        return Cells.check(tau, 1);
    }
}
