package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;

/**
 * A running separable convolution: a depthwise one, a quantized tensor inside the layer, and a
 * pointwise one. {@link #integerWeights()} are those of the pointwise part, with the layer's bias
 * at the scale of the tensor inside.
 */
public interface QuantizedSeparableLayer extends QuantizedWeightLayer {

    /**
     * The integers of the depthwise part, {@code [nIn * m, 1, kH, kW]} with output channel {@code c
     * * m + i} for input channel {@code c}, and zeros for its bias.
     *
     * @throws IllegalStateException if the weights are not quantized, or the scale of the input is
     *     not known yet
     */
    IntegerWeights depthwiseWeights();

    /** Scale and zero point of the tensor inside; null if there is none, or no data yet. */
    QuantParams innerParams();
}
