package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The linear part of a layer: a convolution or a matrix product. */
interface LinearOp {

    /**
     * {@code x * w + b}.
     *
     * @param b the bias, or null
     * @param type where the result is to live
     */
    INDArray apply(INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr);

    /** {@code x * w} over the input channels {@code from..to} only, in an array of its own. */
    INDArray partial(INDArray x, INDArray w, long from, long to);

    /** The axis of the weights along which each output channel has its own scale. */
    int outputAxisOfWeights();

    /** The axis of the weights along which products are summed up. */
    int inputAxisOfWeights();

    /** The channel axis of the result. */
    int channelAxis();
}
