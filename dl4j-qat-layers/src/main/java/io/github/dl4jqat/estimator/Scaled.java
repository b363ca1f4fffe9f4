package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Another estimator with its gradient times a factor: a learning rate of its own for the quantized
 * tensors of a layer, while biases and everything unquantized keep the network's. {@link
 * EstimatorEquivalence#learningRateFactor} is made for it. With Adam such a factor changes nothing.
 *
 * <p>The gradients of the quantizer's own parameters are left as they are.
 *
 * <p>Worked numbers: {@link ClippedStraightThrough} with factor 0.25, scale 0.5, -2..1, gradient 1:
 * x = -9, -1, 0.2, 0.5, 0.51 gives 0, 0.25, 0.25, 0.25, 0.
 *
 * <p>In JSON it has its class name for a kind, as it has no settings that would be usual.
 *
 * @param estimator the estimator
 * @param factor finite and greater than 0
 */
public record Scaled(GradientEstimator estimator, double factor) implements GradientEstimator {

    /** The name in tables. */
    public static final String NAME = "scaled";

    private static final long serialVersionUID = 1L;

    /** Checks both. */
    public Scaled {
        if (estimator == null || !(factor > 0) || Double.isInfinite(factor)) {
            throw new IllegalArgumentException(
                    "Scaled: estimator="
                            + estimator
                            + ", factor="
                            + factor
                            + "; an estimator is needed, and a finite factor greater than 0");
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return new Times(estimator.kernel(spec, moment), factor);
    }

    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        return estimator.parameters(spec, role);
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        return estimator.measure(tensor, spec, role);
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return estimator.grid(spec, values, observed);
    }

    @Override
    public double gradientFactor(QuantSpec spec, long elements) {
        return estimator.gradientFactor(spec, elements);
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        estimator.requireServes(spec, role);
    }

    @Override
    public double largestWeight() {
        return estimator.largestWeight();
    }

    @Override
    public Set<Knob> knobs() {
        return estimator.knobs();
    }

    /** The other estimator's loops, and the factor after its backward one. */
    private record Times(EstimatorKernel inner, double factor) implements EstimatorKernel {

        @Override
        public void levels(KernelRun run) {
            inner.levels(run);
        }

        @Override
        public void forward(KernelRun run) {
            inner.forward(run);
        }

        @Override
        public void backward(KernelRun run) {
            inner.backward(run);
            for (int i = run.from; i < run.to; i++) {
                run.out[i] *= factor;
            }
        }

        @Override
        public boolean rounds() {
            return inner.rounds();
        }

        @Override
        public boolean ordered() {
            return inner.ordered();
        }
    }
}
