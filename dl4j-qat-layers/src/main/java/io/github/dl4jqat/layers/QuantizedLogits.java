package io.github.dl4jqat.layers;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A running quantized output layer. */
public interface QuantizedLogits {

    /** The quantized logits, as evaluation computes them, for the layer's input. */
    INDArray logits(INDArray input);
}
