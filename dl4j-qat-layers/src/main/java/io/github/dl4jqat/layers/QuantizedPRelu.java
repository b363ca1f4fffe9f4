package io.github.dl4jqat.layers;

import org.nd4j.linalg.api.ndarray.INDArray;

/** A running layer of leaky ReLUs with learned slopes. */
public interface QuantizedPRelu extends QuantizedLayer {

    /** The slopes, in the shape of one example with 1 for each axis that shares them. */
    INDArray alpha();
}
