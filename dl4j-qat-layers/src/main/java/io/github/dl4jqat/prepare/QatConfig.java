package io.github.dl4jqat.prepare;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.estimator.StraightThrough;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
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

    /** A tensor inside a layer is summed up once more; a single bit would leave nothing of it. */
    private static final int LEAST_INNER_BITS = 2;

    private final QuantSpec weight;
    private final QuantSpec activation;
    private final QuantSpec input;
    private final QuantSpec logits;
    private final GradientEstimator weightEstimator;
    private final GradientEstimator activationEstimator;
    private final RangeObserver observer;
    private final QatSchedule schedule;
    private final OscillationControl oscillation;
    private final Requantization requantization;
    private final boolean strict;
    private final List<LayerRules.Selected> rules;

    private QatConfig(Builder b) {
        weight = b.weight;
        activation = b.activation;
        input = b.input;
        logits = b.logits;
        weightEstimator = b.weightEstimator;
        activationEstimator = b.activationEstimator;
        observer = b.observer;
        schedule = b.wholeSchedule();
        oscillation = b.oscillation;
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
        if (ofOutput.activationQuant() != null) {
            output = ofOutput.activationQuant();
        }
        if (ofOutput.activationBits() != null) {
            output = output.withBits(ofOutput.activationBits());
        }
        LayerQuantization q =
                LayerQuantization.OFF
                        .withOutput(output(output, ofOutput, ofWeights == null, isOutput))
                        .withRequantization(requantization)
                        .withSchedule(schedule);
        if (ofWeights != null) {
            Integer bits = ofWeights.weightBits();
            QuantSpec base = ofWeights.weightQuant() == null ? weight : ofWeights.weightQuant();
            QuantSpec spec = bits == null ? base : weightSpec(base, bits);
            GradientEstimator e =
                    ofWeights.weightEstimator() == null
                            ? weightEstimator
                            : ofWeights.weightEstimator();
            q = q.withWeight(new TensorQuantization(spec, e, null)).withOscillation(oscillation);
        }
        return isOutput || ofWeights == null ? q.withPreActivation(null) : q;
    }

    /** A tensor inside a layer: as the layer's output, with consecutive integers. */
    TensorQuantization forInner(LayerRule rule) {
        QuantSpec spec = rule.activationQuant() == null ? activation : rule.activationQuant();
        if (rule.activationBits() != null) {
            spec = spec.withBits(rule.activationBits());
        }
        if (spec.symmetry() == Symmetry.MID_RISE) {
            spec = Quantizers.uintPerTensor(Math.max(spec.bits(), LEAST_INNER_BITS));
        }
        return new TensorQuantization(spec, fixedRange(activationEstimator), observer);
    }

    /** What quantizes an input of the network on its own. */
    LayerQuantization forInputLayer() {
        return LayerQuantization.OFF
                .withOutput(forInput())
                .withSchedule(schedule)
                .withRequantization(requantization);
    }

    /** How a tensor that is not quantized yet is quantized where it enters a quantized layer. */
    TensorQuantization forInput() {
        return new TensorQuantization(input, fixedRange(activationEstimator), observer);
    }

    /**
     * Logits keep an observed range: what a loss function sees must not be learned to be clipped.
     * So do layers without weights, to which DL4J gives no updater.
     */
    private TensorQuantization output(
            QuantSpec spec, LayerRule rule, boolean weightless, boolean logits) {
        GradientEstimator e =
                rule.activationEstimator() == null
                        ? activationEstimator
                        : rule.activationEstimator();
        boolean own = rule.activationEstimator() == null && (weightless || logits);
        return new TensorQuantization(spec, own ? fixedRange(e) : e, observer);
    }

    /** The estimator, if it is a rule about gradients and nothing else. */
    private static GradientEstimator fixedRange(GradientEstimator e) {
        return e instanceof StraightThrough ? e : GradientEstimators.clipped();
    }

    /** One bit of weights is binary, and more than seven are never mid-rise. */
    private static QuantSpec weightSpec(QuantSpec base, int bits) {
        if (bits == 1) {
            return Quantizers.binaryPerChannel().withGranularity(base.granularity());
        }
        boolean tooWide =
                base.symmetry() == Symmetry.MID_RISE && bits > QuantSpec.MAX_MID_RISE_BITS;
        return tooWide
                ? Quantizers.intPerChannel(bits).withGranularity(base.granularity())
                : base.withBits(bits);
    }

    /** Collects the settings; all have defaults. */
    public static final class Builder {

        private QuantSpec weight = Quantizers.int8PerChannel();
        private QuantSpec activation = Quantizers.uint8PerTensor();
        private QuantSpec input = Quantizers.uint8PerTensor();
        private QuantSpec logits = Quantizers.uint8PerTensor();
        private GradientEstimator weightEstimator = GradientEstimators.clipped();
        private GradientEstimator activationEstimator = GradientEstimators.clipped();
        private RangeObserver observer = RangeObserver.movingAverage();
        private QatSchedule schedule;
        private int freezeRangesAfter;
        private OscillationControl oscillation;
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

        /** Another width of the weights; one bit is -1 and 1. */
        public Builder weightBits(int bits) {
            return weightQuant(weightSpec(weight, bits));
        }

        /** Another width of the activations; input and logits keep theirs. */
        public Builder activationBits(int bits) {
            return activationQuant(activation.withBits(bits));
        }

        /** The gradient estimator of weights and activations; default clipped straight-through. */
        public Builder estimator(GradientEstimator e) {
            return weightEstimator(e).activationEstimator(e);
        }

        /** The gradient estimator of the weights. */
        public Builder weightEstimator(GradientEstimator e) {
            weightEstimator = e;
            return this;
        }

        /**
         * The gradient estimator of the activations. The network's input, the logits and the
         * outputs of layers without weights keep an observed range with clipped straight-through
         * (or identity, if that is what is asked for), unless a rule names them.
         */
        public Builder activationEstimator(GradientEstimator e) {
            activationEstimator = e;
            return this;
        }

        /** What happens when in training; default everything from the start. */
        public Builder schedule(QatSchedule s) {
            schedule = s;
            return this;
        }

        /** What is done about weights that jump between two levels; default nothing. */
        public Builder oscillation(OscillationControl control) {
            oscillation = control;
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
            if (weight == null
                    || weightEstimator == null
                    || activationEstimator == null
                    || observer == null
                    || requantization == null) {
                throw new IllegalArgumentException(
                        "QatConfig: weightQuant="
                                + weight
                                + ", weightEstimator="
                                + weightEstimator
                                + ", activationEstimator="
                                + activationEstimator
                                + ", observer="
                                + observer
                                + ", requantization="
                                + requantization
                                + "; none may be null. To leave a layer float use"
                                + " layer(name, LayerRule.keepFloat())");
            }
            // A layer's own checks say what does not go together, before there is any layer.
            LayerQuantization.OFF
                    .withWeight(new TensorQuantization(weight, weightEstimator, null))
                    .withSchedule(schedule)
                    .withOscillation(oscillation);
            activationEstimator.requireServes(activation, TensorRole.ACTIVATION);
            new ScheduleCheck(weightEstimator, activationEstimator, oscillation, rules)
                    .requireUsefulRamps(schedule);
            return new QatConfig(this);
        }

        /** The schedule with what {@link #freezeRangesAfter} has said. */
        private QatSchedule wholeSchedule() {
            if (freezeRangesAfter == 0) {
                return schedule;
            }
            QatSchedule base = schedule == null ? QatSchedule.iterations() : schedule;
            if (base.unit() != QatSchedule.Unit.ITERATION || base.freezeRangesAt() > 0) {
                throw new IllegalArgumentException(
                        "QatConfig: freezeRangesAfter="
                                + freezeRangesAfter
                                + " counts iterations, beside a schedule in "
                                + base.unit()
                                + "s with freezeRangesAt="
                                + base.freezeRangesAt()
                                + "; say it in the schedule alone");
            }
            return base.freezeRangesAt(freezeRangesAfter);
        }

        private static QuantSpec perTensor(String what, QuantSpec spec) {
            // TensorQuantization says what is wrong with a spec that has more than one scale.
            if (spec == null) {
                throw new IllegalArgumentException("QatConfig: " + what + " is null");
            }
            boolean ends = !what.equals("activationQuant");
            if (ends && spec.symmetry() == Symmetry.MID_RISE) {
                throw new IllegalArgumentException(
                        "QatConfig: "
                                + what
                                + " with the mid-rise "
                                + spec.typeName()
                                + "; the ends of a network are rounded to consecutive integers."
                                + " Use for example Quantizers.uint8PerTensor()");
            }
            return TensorQuantization.activation(spec).spec();
        }
    }
}
