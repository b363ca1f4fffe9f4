package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;

/** A running quantized layer with weights. */
public interface QuantizedWeightLayer extends QuantizedLayer {

    /**
     * The integers that stand for the weights and the bias, as evaluation uses them.
     *
     * @throws IllegalStateException if the weights are not quantized, or the scale of the input is
     *     not known yet
     */
    IntegerWeights integerWeights();

    /**
     * Weights and bias as integers.
     *
     * @param values the weights, output channel first: {@code [nOut, nIn, kH, kW]} or {@code [nOut,
     *     nIn]}, row-major
     * @param params their scales
     * @param bias int32 at the scale {@code inputScale * weightScale[c]}; zeros for a layer without
     */
    record IntegerWeights(int[] values, QuantParams params, int[] bias) {}
}
