package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.Serializable;
import java.util.List;

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
 *     integers. Not used for identity, ReLU, ReLU6 and hard tanh
 * @param output the layer's output, after its activation function
 * @param quantizeBias round the bias to the int32 grid that the integer model will use
 * @param requantization how the integer model, and so the evaluation pass, scales accumulators
 * @param freezeRangesAfter iteration from which on ranges no longer move; 0 or less for never
 * @param inputFrom name of the layer that quantizes the incoming tensor, or null for the nearest
 *     quantized layer before this one
 * @param inputShape shape of one example of the incoming tensor, noted by a layer with an input
 *     quantizer when it first sees data; conversion needs it, because a DL4J configuration does not
 *     keep the height and width of its input. Null until then
 */
public record LayerQuantization(
        TensorQuantization weight,
        TensorQuantization input,
        TensorQuantization preActivation,
        TensorQuantization output,
        boolean quantizeBias,
        Requantization requantization,
        int freezeRangesAfter,
        String inputFrom,
        List<Integer> inputShape)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A layer without any quantization. */
    public static final LayerQuantization OFF =
            new LayerQuantization(
                    null, null, null, null, true, Requantization.FLOAT, 0, null, null);

    /** Fills in what older files lack. */
    public LayerQuantization {
        requantization = requantization == null ? Requantization.FLOAT : requantization;
        inputShape = inputShape == null ? null : List.copyOf(inputShape);
    }

    /** Weights int8 per channel, output uint8: what a quantized layer does if nothing is said. */
    public static LayerQuantization int8() {
        return OFF.withWeight(TensorQuantization.weight(Quantizers.int8PerChannel()))
                .withOutput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    /** Whether nothing at all is quantized. */
    public boolean off() {
        return weight == null && input == null && preActivation == null && output == null;
    }

    /** The same with other weights. */
    public LayerQuantization withWeight(TensorQuantization t) {
        return new LayerQuantization(
                t,
                input,
                preActivation,
                output,
                quantizeBias,
                requantization,
                freezeRangesAfter,
                inputFrom,
                inputShape);
    }

    /** The same with another input quantizer. */
    public LayerQuantization withInput(TensorQuantization t) {
        return new LayerQuantization(
                weight,
                t,
                preActivation,
                output,
                quantizeBias,
                requantization,
                freezeRangesAfter,
                inputFrom,
                inputShape);
    }

    /**
     * The same with another output quantizer. The pre-activation quantizer follows it, with at
     * least 8 bits: a table has no use for fewer, and costs nothing more.
     */
    public LayerQuantization withOutput(TensorQuantization t) {
        TensorQuantization pre =
                t == null ? null : t.withSpec(t.spec().withBits(Math.max(8, t.spec().bits())));
        return new LayerQuantization(
                weight,
                input,
                pre,
                t,
                quantizeBias,
                requantization,
                freezeRangesAfter,
                inputFrom,
                inputShape);
    }

    /** The same with another pre-activation quantizer. */
    public LayerQuantization withPreActivation(TensorQuantization t) {
        return new LayerQuantization(
                weight,
                input,
                t,
                output,
                quantizeBias,
                requantization,
                freezeRangesAfter,
                inputFrom,
                inputShape);
    }

    /** The same with or without int32 rounding of the bias. */
    public LayerQuantization withQuantizeBias(boolean on) {
        return new LayerQuantization(
                weight,
                input,
                preActivation,
                output,
                on,
                requantization,
                freezeRangesAfter,
                inputFrom,
                inputShape);
    }

    /** The same with another requantization. */
    public LayerQuantization withRequantization(Requantization r) {
        return new LayerQuantization(
                weight,
                input,
                preActivation,
                output,
                quantizeBias,
                r,
                freezeRangesAfter,
                inputFrom,
                inputShape);
    }

    /** The same with ranges that stop moving at that iteration. */
    public LayerQuantization withFreezeRangesAfter(int iteration) {
        return new LayerQuantization(
                weight,
                input,
                preActivation,
                output,
                quantizeBias,
                requantization,
                iteration,
                inputFrom,
                inputShape);
    }

    /** The same with the input's quantizer named. */
    public LayerQuantization withInputFrom(String layer) {
        return new LayerQuantization(
                weight,
                input,
                preActivation,
                output,
                quantizeBias,
                requantization,
                freezeRangesAfter,
                layer,
                inputShape);
    }

    /** The same with the shape of the incoming tensor noted. */
    public LayerQuantization withInputShape(List<Integer> shape) {
        return new LayerQuantization(
                weight,
                input,
                preActivation,
                output,
                quantizeBias,
                requantization,
                freezeRangesAfter,
                inputFrom,
                shape);
    }
}
