package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.estimator.CyclicEstimator;
import io.github.dl4jqat.estimator.EstimatorEquivalence;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.PiecewiseLinear;
import io.github.dl4jqat.estimator.Scaled;
import io.github.dl4jqat.estimator.TanhGradient;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.function.DoubleFunction;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What an experiment does.
 *
 * @param architecture network and batches
 * @param optimizer SGD with momentum, or Adam
 * @param bits of the weights: 2^bits levels, none of them zero
 * @param sharpness of the estimator's tanh
 * @param learningRate peak of the schedule
 * @param epochs of the architecture's number of steps
 * @param decades how many more times everything is done with a tenth of the learning rate
 * @param controls whether to run the jitter and scale-down controls too
 * @param seed decides the first weights and, where the architecture shuffles, the order of digits
 * @param type FLOAT or DOUBLE
 */
public record Settings(
        Architecture architecture,
        Optimizer optimizer,
        int bits,
        double sharpness,
        double learningRate,
        int epochs,
        int decades,
        boolean controls,
        long seed,
        DataType type) {

    QuantSpec spec() {
        return Quantizers.midRisePerTensor(bits);
    }

    CyclicEstimator estimator(double range) {
        return new TanhGradient(sharpness, range);
    }

    private GradientEstimator straightThrough(double range) {
        return new PiecewiseLinear(range, architecture.inclusive());
    }

    /** The estimator of an entrant's layers, by their range. */
    DoubleFunction<GradientEstimator> estimatorOf(Entrant entrant) {
        if (entrant.usesEstimator()) {
            return this::estimator;
        }
        return entrant.warps(optimizer)
                ? range -> new Scaled(straightThrough(range), learningRateFactor())
                : this::straightThrough;
    }

    /** The same for all layers, as alpha does not depend on the range. */
    public double learningRateFactor() {
        return EstimatorEquivalence.of(estimator(1), spec(), 1).learningRateFactor();
    }

    /** The grid of a layer with that range. */
    QuantParams params(double range) {
        return estimator(range)
                .grid(
                        spec(),
                        new double[0][],
                        () -> {
                            throw new IllegalStateException("the range is fixed, not observed");
                        });
    }

    EstimatorEquivalence twin(double range) {
        return EstimatorEquivalence.of(estimator(range), params(range), 0);
    }

    int steps() {
        return epochs * architecture.stepsPerEpoch();
    }

    /** A tenth of the learning rate, or another share. */
    Settings withLearningRate(double rate, int newEpochs) {
        return new Settings(
                architecture,
                optimizer,
                bits,
                sharpness,
                rate,
                newEpochs,
                decades,
                controls,
                seed,
                type);
    }
}
