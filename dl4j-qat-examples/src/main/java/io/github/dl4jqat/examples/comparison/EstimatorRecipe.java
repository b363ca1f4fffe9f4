package io.github.dl4jqat.examples.comparison;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.function.IntFunction;

/**
 * How a comparison uses an estimator: at which widths, on which integers, and what stands beside it
 * where it is for weights only or for activations only. Activations are unsigned.
 *
 * @param name the name of the estimator
 * @param fewestBits the smallest width that it can serve
 * @param mostBits the largest
 * @param weights the estimator of the weights at a width
 * @param activations the estimator of the activations at a width
 * @param integers the integers of the weights at a width
 */
public record EstimatorRecipe(
        String name,
        int fewestBits,
        int mostBits,
        IntFunction<GradientEstimator> weights,
        IntFunction<GradientEstimator> activations,
        IntFunction<QuantSpec> integers) {

    /** Whether there is a cell for that width. */
    public boolean serves(int bits) {
        return bits >= fewestBits && bits <= mostBits;
    }

    /** Weights and activations at that width; input and logits have 8 bits. */
    public QatConfig config(int bits) {
        return QatConfig.builder()
                .weightQuant(integers.apply(bits))
                .weightEstimator(weights.apply(bits))
                .activationQuant(Quantizers.uintPerTensor(bits))
                .activationEstimator(activations.apply(bits))
                .build();
    }

    /** For tables: the estimator of the weights and their integers. */
    public String describeWeights(int bits) {
        return weights.apply(bits).name() + " " + integers.apply(bits).typeName();
    }

    /** For tables: the estimator of the activations and their integers. */
    public String describeActivations(int bits) {
        return activations.apply(bits).name() + " " + Quantizers.uintPerTensor(bits).typeName();
    }
}
