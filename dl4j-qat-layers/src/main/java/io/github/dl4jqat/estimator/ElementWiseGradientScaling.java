package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.GradientScalingBackward;
import io.github.dl4jqat.quant.QuantSpec;

/**
 * Element-wise gradient scaling: a gradient that pulls a value on the way it is already off its
 * level is made larger, one that pulls it back smaller. With {@code x} and its level in units of
 * the whole range, 0 the lowest level and 1 the highest:
 *
 * <pre>
 *   dx = grad * (1 + delta * sign(grad) * (x - Q(x)))     inside the range, 0 outside
 * </pre>
 *
 * {@code delta = 0} is {@link ClippedStraightThrough}, bit for bit.
 *
 * <p>Worked numbers, 4 levels from 0 to 1, delta 0.2: x = 0.1, 0.3, 0.55, 0.9 with the gradients 1,
 * 1, -1, -1 gives 1.02, 0.99333333, -1.02333333, -1.02.
 *
 * <p>The paper sets delta anew in training from the Hessian's trace; here it is the constant that
 * it gives as an alternative.
 *
 * <p>Source: Lee, Kim, Ham, arXiv:2104.00903.
 *
 * @param delta how much, 0 or more; usually 0.001
 */
public record ElementWiseGradientScaling(double delta) implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "ewgs";

    private static final long serialVersionUID = 1L;

    /** Throws an {@code IllegalArgumentException} for a negative or infinite delta. */
    public ElementWiseGradientScaling {
        Settings.notNegative(NAME, "delta", delta);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return delta == 0 ? ClippedBackward.INSTANCE : new GradientScalingBackward(delta);
    }
}
