package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.TanhBackward;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.function.Supplier;

/**
 * The gradient of a staircase of hyperbolic tangents, fixed in shape. With {@code tau} in -0.5..0.5
 * where between two levels {@code x} lies:
 *
 * <pre>
 *   e  = sharpness / (levels - 1)
 *   dx = grad * e / tanh(e) / cosh(2 e tau)^2       within the range, 0 outside
 * </pre>
 *
 * It is the slope of {@link SoftQuantization} with {@code alpha = 1 - tanh(e)}. A sharpness near 0
 * gives the clipped straight-through estimator; the more there is for each level, the more of the
 * gradient goes to the values that are about to change their level. From {@code e = 350} on the
 * slope next to a level is too small for a double and becomes 0.
 *
 * <p>Worked numbers, 2 bits mid-rise, range 1.5 (levels -1.5, -0.5, 0.5, 1.5), sharpness 6.5,
 * gradient 1: x = -1.5, -1.25, -1, -0.9, 1.6 gives 0.11375857, 0.82049227, 2.22429242, 1.85384038,
 * 0.
 *
 * <p>Source: the estimator that "Custom Gradient Estimators are Straight-Through Estimators in
 * Disguise" compares with the straight-through one, arXiv:2405.05171.
 *
 * @param sharpness greater than 0; the paper's experiments have 2 for 1 bit, 6.5 for 2, 18 for 4
 * @param range values are clipped to {@code -range..range} ({@code 0..range} where nothing below
 *     zero can be represented), or null for the tensor's own range
 */
public record TanhGradient(double sharpness, Double range) implements CyclicEstimator {

    /** The name in configurations. */
    public static final String NAME = "tanh";

    private static final long serialVersionUID = 1L;

    /** Throws an {@code IllegalArgumentException} for numbers that are not above 0. */
    public TanhGradient {
        Settings.positive(NAME, "sharpness", sharpness);
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
        return rule(spec);
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return range == null ? observed.get() : Steps.symmetricRange(spec, range, observed);
    }

    @Override
    public double slope(QuantSpec spec, double tau) {
        return Cells.check(tau, rule(spec).slope(tau));
    }

    private TanhBackward rule(QuantSpec spec) {
        return new TanhBackward(sharpness / Cells.of(spec));
    }
}
