package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.CounterRandom;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.RoundingKernel;
import io.github.dl4jqat.kernels.StochasticKernel;
import io.github.dl4jqat.quant.QuantSpec;

/**
 * Stochastic rounding: in training a value between two levels goes to the upper one with a
 * probability that is its share of the way there, so that the mean over many iterations is the
 * value itself. Evaluation and the integer model round to the nearest.
 *
 * <pre>
 *   y  = a + (b - a) * 1[u &lt; (x - a) / (b - a)]      a &lt;= x &lt; b neighbouring levels, u uniform
 *   dx = grad within the range, ends included, else 0
 * </pre>
 *
 * <p>Worked numbers, scale 0.5: x = 0.6 becomes 0.5 in four of five iterations and 1 in the fifth;
 * 0.5 stays 0.5; beyond the range the last level is certain.
 *
 * <p>Random numbers follow from the seed, the tensor, the iteration and the place of the element,
 * so a training can be repeated, and one that was saved goes on as it would have. In symmetric
 * ranges a value beyond an end by less than 2^-22 of it gets its gradient: only the rounding of the
 * scale can put the largest weight there.
 *
 * <p>Source: Gupta et al., "Deep Learning with Limited Numerical Precision", arXiv:1502.02551.
 *
 * @param seed of the random numbers
 */
public record StochasticRounding(long seed) implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "stochastic";

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return moment.training()
                ? new StochasticKernel(CounterRandom.key(seed, moment.stream(), moment.iteration()))
                : RoundingKernel.INSTANCE;
    }
}
