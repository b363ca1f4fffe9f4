package io.github.dl4jqat.prepare;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.Layer;

/**
 * How a network is to be quantized. Immutable and thread-safe.
 *
 * <pre>
 *   QatConfig.int8()
 *   QatConfig.builder().weightBits(4).activationBits(4).layer("out", LayerRule.keepFloat()).build()
 * </pre>
 *
 * The network's input and the logits of its output layers keep 8 bits unless they are named: four
 * bits of logits are sixteen values, among which many classes would tie.
 */
public final class QatConfig {

    private final QuantSpec weight;
    private final QuantSpec activation;
    private final QuantSpec input;
    private final QuantSpec logits;
    private final GradientEstimator estimator;
    private final RangeObserver observer;
    private final int freezeRangesAfter;
    private final Requantization requantization;
    private final boolean strict;
    private final List<LayerRules.Selected> rules;

    private QatConfig(Builder b) {
        weight = b.weight;
        activation = b.activation;
        input = b.input;
        logits = b.logits;
        estimator = b.estimator;
        observer = b.observer;
        freezeRangesAfter = b.freezeRangesAfter;
        requantization = b.requantization;
        strict = b.strict;
        rules = List.copyOf(b.rules);
    }

    /** Weights int8 with a scale for each channel, activations uint8. */
    public static QatConfig int8() {
        return builder().build();
    }

    /** Weights int4 with a scale for each channel, activations uint4. */
    public static QatConfig int4() {
        return builder().weightBits(4).activationBits(4).build();
    }

    /** A builder that starts from {@link #int8()}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether a layer that must stay float is an error. */
    public boolean strict() {
        return strict;
    }

    List<LayerRules.Selected> rules() {
        return rules;
    }

    /**
     * What a layer becomes, before it is known whether it needs an input quantizer.
     *
     * @param ofWeights what is different for its weights; null for a layer without weights
     * @param ofOutput what is different for its output
     */
    LayerQuantization forLayer(LayerRule ofWeights, LayerRule ofOutput, boolean isOutput) {
        QuantSpec output = isOutput ? logits : activation;
        if (ofOutput.activationBits() != null) {
            output = output.withBits(ofOutput.activationBits());
        }
        LayerQuantization q =
                LayerQuantization.OFF
                        .withOutput(activation(output, ofOutput))
                        .withRequantization(requantization)
                        .withFreezeRangesAfter(freezeRangesAfter);
        if (ofWeights != null) {
            Integer bits = ofWeights.weightBits();
            QuantSpec spec = bits == null ? weight : weight.withBits(bits);
            q = q.withWeight(new TensorQuantization(spec, estimator(ofWeights), null));
        }
        return isOutput || ofWeights == null ? q.withPreActivation(null) : q;
    }

    /** How a tensor that is not quantized yet is quantized where it enters a quantized layer. */
    TensorQuantization forInput() {
        return activation(input, new LayerRule(false, null, null, null));
    }

    private TensorQuantization activation(QuantSpec spec, LayerRule rule) {
        return new TensorQuantization(spec, estimator(rule), observer);
    }

    private GradientEstimator estimator(LayerRule rule) {
        return rule.estimator() == null ? estimator : rule.estimator();
    }

    /** Collects the settings; all have defaults. */
    public static final class Builder {

        private QuantSpec weight = Quantizers.int8PerChannel();
        private QuantSpec activation = Quantizers.uint8PerTensor();
        private QuantSpec input = Quantizers.uint8PerTensor();
        private QuantSpec logits = Quantizers.uint8PerTensor();
        private GradientEstimator estimator = GradientEstimators.clipped();
        private RangeObserver observer = RangeObserver.movingAverage();
        private int freezeRangesAfter;
        private Requantization requantization = Requantization.FLOAT;
        private boolean strict;
        private final List<LayerRules.Selected> rules = new ArrayList<>();

        private Builder() {}

        /** The integers of weights; default {@link Quantizers#int8PerChannel()}. */
        public Builder weightQuant(QuantSpec spec) {
            weight = spec;
            return this;
        }

        /** The integers of activations; default {@link Quantizers#uint8PerTensor()}. */
        public Builder activationQuant(QuantSpec spec) {
            activation = perTensor("activationQuant", spec);
            return this;
        }

        /** The integers of the network's input; default {@link Quantizers#uint8PerTensor()}. */
        public Builder inputQuant(QuantSpec spec) {
            input = perTensor("inputQuant", spec);
            return this;
        }

        /** The integers of output layers' logits; default {@link Quantizers#uint8PerTensor()}. */
        public Builder logitsQuant(QuantSpec spec) {
            logits = perTensor("logitsQuant", spec);
            return this;
        }

        /** Another width of the weights. */
        public Builder weightBits(int bits) {
            return weightQuant(weight.withBits(bits));
        }

        /** Another width of the activations; input and logits keep theirs. */
        public Builder activationBits(int bits) {
            return activationQuant(activation.withBits(bits));
        }

        /** The gradient estimator; default clipped straight-through. */
        public Builder estimator(GradientEstimator e) {
            estimator = e;
            return this;
        }

        /** How ranges follow the data; default a moving average. */
        public Builder observer(RangeObserver o) {
            observer = o;
            return this;
        }

        /** The training iteration from which on ranges no longer move; default 0, never. */
        public Builder freezeRangesAfter(int iteration) {
            if (iteration < 0) {
                throw new IllegalArgumentException(
                        "QatConfig: freezeRangesAfter=" + iteration + "; use 0 for never");
            }
            freezeRangesAfter = iteration;
            return this;
        }

        /** How the integer model scales accumulators; default float, as ONNX Runtime does. */
        public Builder requantization(Requantization mode) {
            requantization = mode;
            return this;
        }

        /** Makes a layer that must stay float an error; default false. */
        public Builder strict(boolean on) {
            strict = on;
            return this;
        }

        /**
         * A rule for the layers of a name, or of a pattern with * and ?. In a MultiLayerNetwork
         * Deeplearning4j names a layer without a name {@code layer} and its index: {@code layer0}.
         */
        public Builder layer(String nameOrPattern, LayerRule rule) {
            rules.add(new LayerRules.Selected(nameOrPattern, null, rule));
            return this;
        }

        /** A rule for all layers of a type, subclasses included. */
        public Builder type(Class<? extends Layer> type, LayerRule rule) {
            rules.add(new LayerRules.Selected(null, type, rule));
            return this;
        }

        /** The configuration. */
        public QatConfig build() {
            if (weight == null || estimator == null || observer == null || requantization == null) {
                throw new IllegalArgumentException(
                        "QatConfig: weightQuant="
                                + weight
                                + ", estimator="
                                + estimator
                                + ", observer="
                                + observer
                                + ", requantization="
                                + requantization
                                + "; none may be null. To leave a layer float use"
                                + " layer(name, LayerRule.keepFloat())");
            }
            return new QatConfig(this);
        }

        private static QuantSpec perTensor(String what, QuantSpec spec) {
            // TensorQuantization says what is wrong with a spec that has more than one scale.
            if (spec == null) {
                throw new IllegalArgumentException("QatConfig: " + what + " is null");
            }
            return TensorQuantization.activation(spec).spec();
        }
    }
}
