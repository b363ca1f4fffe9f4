package io.github.dl4jqat.prepare;

import io.github.dl4jqat.estimator.GradientEstimator;

/**
 * What is different for some layers. A setting that is null is taken from the configuration. Rules
 * are applied in the order in which they were given, so that the last one that matches wins.
 * Immutable and thread-safe.
 *
 * @param float32 leave the layer as it is
 * @param weightBits other width of the weights
 * @param activationBits other width of the output
 * @param estimator other gradient estimator
 */
public record LayerRule(
        boolean float32, Integer weightBits, Integer activationBits, GradientEstimator estimator) {

    /** Leave the layer as it is. */
    public static LayerRule keepFloat() {
        return new LayerRule(true, null, null, null);
    }

    /** Other widths of weights and output. */
    public static LayerRule bits(int weightBits, int activationBits) {
        return new LayerRule(false, weightBits, activationBits, null);
    }

    /** Another width of the weights. */
    public static LayerRule weightBits(int bits) {
        return new LayerRule(false, bits, null, null);
    }

    /** Another width of the output. */
    public static LayerRule activationBits(int bits) {
        return new LayerRule(false, null, bits, null);
    }

    /** Another gradient estimator. */
    public static LayerRule estimator(GradientEstimator estimator) {
        return new LayerRule(false, null, null, estimator);
    }

    /** This rule with what a later one says on top. */
    LayerRule overriddenBy(LayerRule later) {
        return new LayerRule(
                later.float32
                        || (float32
                                && later.weightBits == null
                                && later.activationBits == null
                                && later.estimator == null),
                later.weightBits != null ? later.weightBits : weightBits,
                later.activationBits != null ? later.activationBits : activationBits,
                later.estimator != null ? later.estimator : estimator);
    }
}
