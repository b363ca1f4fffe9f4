package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.PowerOfTwo;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.StraightThrough;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
import java.io.Serializable;
import java.util.List;
import java.util.function.Consumer;
import org.nd4j.shade.jackson.annotation.JsonIgnore;

/**
 * Everything a quantized layer has beyond its stock twin, as one value of its configuration:
 * written to JSON and YAML, carried through clone, transfer learning and Java serialization with
 * it. A role that is null is not quantized; with all of them null the layer is its stock twin.
 *
 * <p>Immutable and thread-safe.
 *
 * @param weight the weights
 * @param input the layer's input; needed only where the tensor that comes in is not yet quantized,
 *     such as the network's input
 * @param preActivation the value before an activation function that is not a mere clamp (sigmoid,
 *     tanh, leaky ReLU, ...): the integer model computes such a function by a table over these
 *     integers. Not used for identity, ReLU, ReLU6 and hard tanh, unless the output is mid-rise
 * @param output the layer's output, after its activation function
 * @param inner a tensor inside the layer that only some layers have: between the depthwise and the
 *     pointwise part of a separable convolution, the cell state of an LSTM. Null in all others
 * @param quantizeBias round the bias to the int32 grid that the integer model will use
 * @param requantization how the integer model, and so the evaluation pass, scales accumulators
 * @param schedule what happens when in training, or null for everything from the start
 * @param oscillation what is done about weights that jump between two levels, or null for nothing
 * @param inputFrom name of the layer that quantizes the incoming tensor, or null for the nearest
 *     quantized layer before this one
 * @param inputShape shape of one example of the incoming tensor, noted by a layer with an input
 *     quantizer when it first sees data; conversion needs it, because a DL4J configuration does not
 *     keep the height and width of its input. Null until then
 * @param group names of layers whose outputs share one grid with this one's because a vertex adds
 *     or concatenates them: the grid of the union of their ranges. It is enough that one of two
 *     names the other, and all that are so connected share one. Empty for none
 * @param combined what the incoming tensor is made of, where a vertex adds or multiplies tensors in
 *     front of this layer; null where it comes from one layer
 * @param batchNorm the batch normalization that is folded into the weights, or null for none
 */
public record LayerQuantization(
        TensorQuantization weight,
        TensorQuantization input,
        TensorQuantization preActivation,
        TensorQuantization output,
        TensorQuantization inner,
        boolean quantizeBias,
        Requantization requantization,
        QatSchedule schedule,
        OscillationControl oscillation,
        String inputFrom,
        List<Integer> inputShape,
        List<String> group,
        CombinedInput combined,
        FoldedBatchNorm batchNorm)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int BITS_OF_TABLES = 8;

    /** A layer without any quantization. */
    public static final LayerQuantization OFF =
            new LayerQuantization(
                    null,
                    null,
                    null,
                    null,
                    null,
                    true,
                    Requantization.FLOAT,
                    null,
                    null,
                    null,
                    null,
                    List.of(),
                    null,
                    null);

    /** Fills in what older files lack, and checks that the parts fit. */
    public LayerQuantization {
        requantization = requantization == null ? Requantization.FLOAT : requantization;
        inputShape = inputShape == null ? null : List.copyOf(inputShape);
        group = group == null ? List.of() : List.copyOf(group);
        if (weight != null) {
            weight.requireRole(TensorRole.WEIGHT);
        }
        for (TensorQuantization t :
                new TensorQuantization[] {input, preActivation, output, inner}) {
            if (t != null) {
                t.requireRole(TensorRole.ACTIVATION);
            }
        }
        requireConsecutive("the input", input);
        requireConsecutive("the value before the activation function", preActivation);
        requireConsecutive("a tensor inside the layer", inner);
        requireObserved("the value before the activation function", preActivation);
        requireObserved("a tensor inside the layer", inner);
        if (!group.isEmpty()) {
            requireConsecutive("an output that shares its grid with others", output);
            requireObserved("an output that shares its grid with others", output);
            if (output != null && !output.followsItsRange()) {
                throw new IllegalArgumentException(
                        "LayerQuantization: an output that shares its grid with others with"
                                + " estimator '"
                                + output.estimator().name()
                                + "', which makes a grid of its own. Use"
                                + " GradientEstimators.clipped() there");
            }
        }
        requireOneReasonToFreeze(weight, schedule, oscillation);
        requireNothingFrozenOneByOne(batchNorm, schedule, oscillation);
        if (oscillation != null && weight == null) {
            throw new IllegalArgumentException(
                    "LayerQuantization: oscillation control without quantized weights; give the"
                            + " layer a weightQuant");
        }
    }

    private static void requireConsecutive(String what, TensorQuantization t) {
        if (t != null && t.spec().symmetry() == Symmetry.MID_RISE) {
            throw new IllegalArgumentException(
                    "LayerQuantization: "
                            + what
                            + " with the mid-rise "
                            + t.spec().typeName()
                            + "; it is rounded to consecutive integers. Use for example"
                            + " Quantizers.uint8PerTensor()");
        }
    }

    private static void requireObserved(String what, TensorQuantization t) {
        if (t != null && learns(t, TensorRole.ACTIVATION)) {
            throw new IllegalArgumentException(
                    "LayerQuantization: "
                            + what
                            + " with estimator '"
                            + t.estimator().name()
                            + "', which learns; it has an observed range. Use"
                            + " GradientEstimators.clipped() there");
        }
    }

    private static void requireOneReasonToFreeze(
            TensorQuantization weight, QatSchedule schedule, OscillationControl oscillation) {
        if (oscillation == null) {
            return;
        }
        if (schedule != null && schedule.moves(Knob.PORTION)) {
            throw new IllegalArgumentException(
                    "LayerQuantization: "
                            + oscillation
                            + " beside a schedule of "
                            + Knob.PORTION.word()
                            + "; both freeze weights, at different levels. Use one of them");
        }
        if (weight != null && weight.estimator() instanceof PowerOfTwo) {
            throw new IllegalArgumentException(
                    "LayerQuantization: "
                            + oscillation
                            + " with estimator '"
                            + PowerOfTwo.NAME
                            + "'; the average of two powers is none. Use a schedule of "
                            + Knob.PORTION.word()
                            + ", or another estimator");
        }
    }

    private static void requireNothingFrozenOneByOne(
            FoldedBatchNorm folded, QatSchedule schedule, OscillationControl oscillation) {
        boolean portion = schedule != null && schedule.moves(Knob.PORTION);
        if (folded != null && (portion || oscillation != null)) {
            throw new IllegalArgumentException(
                    "LayerQuantization: "
                            + (portion
                                    ? "a schedule of " + Knob.PORTION.word()
                                    : oscillation.toString())
                            + " beside the folded batch normalization '"
                            + folded.name()
                            + "'; a weight that is frozen would still move with gamma and the"
                            + " variance. Keep the normalization as a layer of its own"
                            + " (QuantBatchNormalization), or fold it before training");
        }
    }

    private static boolean learns(TensorQuantization t, TensorRole role) {
        return t.estimator().parameters(t.spec(), role).stream()
                .anyMatch(QuantizerParameter::learned);
    }

    /** Weights int8 per channel, output uint8: what a quantized layer does if nothing is said. */
    public static LayerQuantization int8() {
        return OFF.withWeight(TensorQuantization.weight(Quantizers.int8PerChannel()))
                .withOutput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    /** Whether nothing at all is quantized. */
    public boolean off() {
        return weight == null
                && input == null
                && preActivation == null
                && output == null
                && inner == null
                && batchNorm == null;
    }

    /** Whether weights are frozen one after the other, as incremental quantization does. */
    @JsonIgnore
    public boolean freezesWeights() {
        return weight != null
                && (oscillation != null || (schedule != null && schedule.moves(Knob.PORTION)));
    }

    /** Whether any activation has learned parameters. */
    @JsonIgnore
    boolean learnsActivations() {
        return (input != null && learns(input, TensorRole.ACTIVATION))
                || (output != null && learns(output, TensorRole.ACTIVATION));
    }

    /** The same with other weights. */
    public LayerQuantization withWeight(TensorQuantization t) {
        return with(c -> c.weight = t);
    }

    /** The same with another input quantizer. */
    public LayerQuantization withInput(TensorQuantization t) {
        return with(c -> c.input = t);
    }

    /**
     * The same with another output quantizer. The pre-activation quantizer follows it, with at
     * least 8 bits: a table has no use for fewer, and costs nothing more.
     */
    public LayerQuantization withOutput(TensorQuantization t) {
        return with(
                c -> {
                    c.output = t;
                    c.preActivation = t == null ? null : before(t);
                });
    }

    private static TensorQuantization before(TensorQuantization output) {
        QuantSpec spec =
                output.spec().symmetry() == Symmetry.MID_RISE
                        ? Quantizers.uint8PerTensor()
                        : output.spec().withBits(Math.max(BITS_OF_TABLES, output.spec().bits()));
        // What an estimator says about its grid it says about the output, not about this value.
        GradientEstimator rule =
                output.estimator() instanceof StraightThrough
                        ? output.estimator()
                        : GradientEstimators.clipped();
        return new TensorQuantization(spec, rule, output.observer());
    }

    /** The same with another pre-activation quantizer. */
    public LayerQuantization withPreActivation(TensorQuantization t) {
        return with(c -> c.preActivation = t);
    }

    /** The same with another quantizer of the tensor inside the layer. */
    public LayerQuantization withInner(TensorQuantization t) {
        return with(c -> c.inner = t);
    }

    /** The same with or without int32 rounding of the bias. */
    public LayerQuantization withQuantizeBias(boolean on) {
        return with(c -> c.quantizeBias = on);
    }

    /** The same with another requantization. */
    public LayerQuantization withRequantization(Requantization r) {
        return with(c -> c.requantization = r);
    }

    /** The same with another schedule. */
    public LayerQuantization withSchedule(QatSchedule s) {
        return with(c -> c.schedule = s);
    }

    /**
     * The same with ranges that stop moving at that iteration; 0 for never.
     *
     * @throws IllegalArgumentException beside a schedule in epochs
     */
    public LayerQuantization withFreezeRangesAfter(int iteration) {
        QatSchedule base = schedule == null ? QatSchedule.iterations() : schedule;
        if (base.unit() != QatSchedule.Unit.ITERATION) {
            throw new IllegalArgumentException(
                    "LayerQuantization: freezeRangesAfter="
                            + iteration
                            + " counts iterations, beside a schedule in epochs; say it in the"
                            + " schedule");
        }
        return withSchedule(
                schedule == null && iteration == 0 ? null : base.freezeRangesAt(iteration));
    }

    /** The same with another treatment of oscillating weights. */
    public LayerQuantization withOscillation(OscillationControl control) {
        return with(c -> c.oscillation = control);
    }

    /** The same with the input's quantizer named. */
    public LayerQuantization withInputFrom(String layer) {
        return with(c -> c.inputFrom = layer);
    }

    /** The same with the shape of the incoming tensor noted. */
    public LayerQuantization withInputShape(List<Integer> shape) {
        return with(c -> c.inputShape = shape);
    }

    /** The same with the output on one grid with those of other layers; empty for none named. */
    public LayerQuantization withGroup(List<String> layers) {
        return with(c -> c.group = layers);
    }

    /** The same with the makings of the incoming tensor named; null for one layer's output. */
    public LayerQuantization withCombined(CombinedInput parts) {
        return with(c -> c.combined = parts);
    }

    /** The same with a batch normalization folded into the weights; null for none. */
    public LayerQuantization withBatchNorm(FoldedBatchNorm folded) {
        return with(c -> c.batchNorm = folded);
    }

    private LayerQuantization with(Consumer<Copy> change) {
        Copy copy = new Copy(this);
        change.accept(copy);
        return copy.build();
    }

    /** The components while one of them changes. */
    private static final class Copy {
        private TensorQuantization weight;
        private TensorQuantization input;
        private TensorQuantization preActivation;
        private TensorQuantization output;
        private TensorQuantization inner;
        private boolean quantizeBias;
        private Requantization requantization;
        private QatSchedule schedule;
        private OscillationControl oscillation;
        private String inputFrom;
        private List<Integer> inputShape;
        private List<String> group;
        private CombinedInput combined;
        private FoldedBatchNorm batchNorm;

        private Copy(LayerQuantization q) {
            weight = q.weight;
            input = q.input;
            preActivation = q.preActivation;
            output = q.output;
            inner = q.inner;
            quantizeBias = q.quantizeBias;
            requantization = q.requantization;
            schedule = q.schedule;
            oscillation = q.oscillation;
            inputFrom = q.inputFrom;
            inputShape = q.inputShape;
            group = q.group;
            combined = q.combined;
            batchNorm = q.batchNorm;
        }

        private LayerQuantization build() {
            return new LayerQuantization(
                    weight,
                    input,
                    preActivation,
                    output,
                    inner,
                    quantizeBias,
                    requantization,
                    schedule,
                    oscillation,
                    inputFrom,
                    inputShape,
                    group,
                    combined,
                    batchNorm);
        }
    }
}
