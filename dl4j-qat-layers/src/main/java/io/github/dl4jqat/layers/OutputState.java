package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a running layer with float parameters has beyond its stock twin: a quantizer of its output,
 * and perhaps one of its input. Belongs to one running layer; not thread-safe.
 */
final class OutputState extends LayerState {

    private final ActivationPass pass;
    private final InputQuantization inputQuantization;
    private ActivationPass.Trace trace;

    OutputState(
            NeuralNetConfiguration conf,
            Map<String, INDArray> params,
            INDArray paramsView,
            Layer layer) {
        super(conf, params, paramsView, layer);
        pass = new ActivationPass(quantizers());
        inputQuantization = new InputQuantization(quantizers());
    }

    /** The input, quantized where this layer does it. */
    INDArray input(INDArray x, boolean training, LayerWorkspaceMgr mgr) {
        if (training || calibrating()) {
            noteInput(x);
        }
        ArrayType type = training ? ArrayType.INPUT : ArrayType.ACTIVATIONS;
        return inputQuantization.forward(x, training, type, mgr);
    }

    /** What the stock layer gives, quantized. */
    INDArray output(INDArray y, boolean training, LayerWorkspaceMgr mgr) {
        trace = training ? new ActivationPass.Trace() : null;
        return pass.forward(y, null, training, mgr, trace);
    }

    /** Whether a training forward pass has left what the backward pass needs. */
    boolean hasTrace() {
        return trace != null;
    }

    /** The gradient at what the stock layer gave. */
    INDArray backward(INDArray epsilon, LayerWorkspaceMgr mgr) {
        return pass.backward(epsilon, null, mgr, trace);
    }

    /**
     * The last steps of every backward pass.
     *
     * @param epsilonNext gradient of the input; null where nobody asks for one
     */
    void finishBackward(
            INDArray epsilonNext, Gradient gradient, Map<String, INDArray> gradientViews) {
        if (epsilonNext != null) {
            inputQuantization.backward(epsilonNext);
        }
        commit(gradient, gradientViews);
        trace = null;
    }

    void clear() {
        inputQuantization.clear();
        trace = null;
    }
}
