package io.github.dl4jqat.prepare;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.QuantSpec;

/**
 * What is different for some layers. A setting that is null is taken from the configuration. Rules
 * are applied in the order in which they were given, so that the last one that matches wins.
 * Immutable and thread-safe.
 *
 * @param float32 leave the layer as it is
 * @param weightBits other width of the weights
 * @param activationBits other width of the output
 * @param weightQuant other integers of the weights
 * @param activationQuant other integers of the output
 * @param weightEstimator other gradient estimator of the weights
 * @param activationEstimator other gradient estimator of the output
 */
public record LayerRule(
        boolean float32,
        Integer weightBits,
        Integer activationBits,
        QuantSpec weightQuant,
        QuantSpec activationQuant,
        GradientEstimator weightEstimator,
        GradientEstimator activationEstimator) {

    /** Checks that integers and estimators that are given together fit. */
    public LayerRule {
        if (weightQuant != null && weightEstimator != null) {
            weightEstimator.requireServes(weightQuant, TensorRole.WEIGHT);
        }
        if (activationQuant != null && activationEstimator != null) {
            activationEstimator.requireServes(activationQuant, TensorRole.ACTIVATION);
        }
    }

    static final LayerRule NOTHING = new LayerRule(false, null, null, null, null, null, null);

    /** Leave the layer as it is. */
    public static LayerRule keepFloat() {
        return new LayerRule(true, null, null, null, null, null, null);
    }

    /** Other widths of weights and output. */
    public static LayerRule bits(int weightBits, int activationBits) {
        return new LayerRule(false, weightBits, activationBits, null, null, null, null);
    }

    /** Another width of the weights. */
    public static LayerRule weightBits(int bits) {
        return new LayerRule(false, bits, null, null, null, null, null);
    }

    /** Another width of the output. */
    public static LayerRule activationBits(int bits) {
        return new LayerRule(false, null, bits, null, null, null, null);
    }

    /** Another gradient estimator of weights and output. */
    public static LayerRule estimator(GradientEstimator estimator) {
        return new LayerRule(false, null, null, null, null, estimator, estimator);
    }

    /** Other integers of the weights and another estimator for them. */
    public static LayerRule weights(QuantSpec spec, GradientEstimator estimator) {
        return new LayerRule(false, null, null, spec, null, estimator, null);
    }

    /** Other integers of the output and another estimator for it. */
    public static LayerRule activations(QuantSpec spec, GradientEstimator estimator) {
        return new LayerRule(false, null, null, null, spec, null, estimator);
    }

    /** This rule and another one, which wins where both say something. */
    public LayerRule and(LayerRule other) {
        return overriddenBy(other);
    }

    /** Whether one of its estimators has a knob. */
    boolean moves(Knob knob) {
        return (weightEstimator != null && weightEstimator.knobs().contains(knob))
                || (activationEstimator != null && activationEstimator.knobs().contains(knob));
    }

    /** Whether it says nothing but float. */
    private boolean saysNothingElse() {
        return equals(new LayerRule(float32, null, null, null, null, null, null));
    }

    /** This rule with what a later one says on top. */
    LayerRule overriddenBy(LayerRule later) {
        return new LayerRule(
                later.float32 || (float32 && later.saysNothingElse()),
                later.weightBits != null || later.weightQuant != null
                        ? later.weightBits
                        : weightBits,
                later.activationBits != null || later.activationQuant != null
                        ? later.activationBits
                        : activationBits,
                first(later.weightQuant, weightQuant),
                first(later.activationQuant, activationQuant),
                first(later.weightEstimator, weightEstimator),
                first(later.activationEstimator, activationEstimator));
    }

    private static <T> T first(T one, T other) {
        return one != null ? one : other;
    }
}
