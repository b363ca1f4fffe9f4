package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.QuantizerPass;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The quantizer in front of a layer. DL4J may run a layer forward several times on one input (an
 * output layer for the gradient and again for the score), so the quantized input is kept for as
 * long as the input is the same object. Belongs to one running layer; not thread-safe.
 */
final class InputQuantization {

    private final LayerQuantizers quantizers;

    private INDArray raw;
    private INDArray quantized;
    private QuantizerPass pass;

    InputQuantization(LayerQuantizers quantizers) {
        this.quantizers = quantizers;
    }

    /**
     * The input as the layer computes with it in training.
     *
     * @param observe whether this is a training pass over a new batch
     * @param type of the array; in training it must outlive the pass, for the score comes later
     */
    INDArray forward(INDArray input, boolean observe, ArrayType type, LayerWorkspaceMgr mgr) {
        if (quantizers.input() == null || input == quantized) {
            return input;
        }
        raw = input;
        pass = quantizers.observe(quantizers.input(), input, observe);
        quantized = pass == null ? input : LayerQuantizers.quantized(input, pass, type, mgr);
        return quantized;
    }

    /** The gradient at the raw input from that at the quantized one, in place. */
    void backward(INDArray epsilon) {
        if (pass != null && raw != null) {
            quantizers.input().backward(raw, epsilon, epsilon, pass);
        }
    }

    /** Forgets the arrays of the last pass. */
    void clear() {
        raw = null;
        quantized = null;
        pass = null;
    }
}
