package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Everything a running layer with weights has beyond its stock twin, in one field: quantizers, the
 * linear pass, the activation pass, and what the last training pass left for the backward one.
 */
final class WeightedLayerState extends LayerState {

    private final LinearPass linearPass;
    private final ActivationPass activationPass;
    private final InputQuantization inputQuantization;

    private final INDArray weights;
    private final boolean dividesByBatch;

    private LinearPass.Trace linear;
    private ActivationPass.Trace activation;

    WeightedLayerState(
            NeuralNetConfiguration conf,
            Map<String, INDArray> params,
            INDArray paramsView,
            Layer layer,
            LinearOp op,
            String layerId) {
        super(conf, params, paramsView, layer);
        linearPass = new LinearPass(how(), op, quantizers(), params, layerId);
        activationPass = new ActivationPass(quantizers());
        dividesByBatch = conf.isMiniBatch();
        weights = params.get(DefaultParamInitializer.WEIGHT_KEY);
        inputQuantization = new InputQuantization(quantizers());
    }

    /**
     * The input, quantized where this layer does it.
     *
     * @param observe whether the range follows; not for the second look that the score takes
     */
    INDArray input(INDArray x, boolean training, boolean observe, LayerWorkspaceMgr mgr) {
        if (observe || calibrating()) {
            noteInput(x);
        }
        // DL4J runs an output layer forward within the backward pass, where activations do not
        // outlive the layer; inputs do. In evaluation it is the other way round.
        ArrayType type = training ? ArrayType.INPUT : ArrayType.ACTIVATIONS;
        return inputQuantization.forward(x, observe, type, mgr);
    }

    INDArray exact(INDArray x, INDArray w, INDArray b, IActivation f, LayerWorkspaceMgr mgr) {
        return linearPass.exact(x, w, b, f, mgr);
    }

    INDArray linear(
            INDArray x,
            INDArray w,
            INDArray b,
            boolean training,
            ArrayType type,
            LayerWorkspaceMgr mgr) {
        linear = training ? new LinearPass.Trace() : null;
        return linearPass.linear(x, w, b, training, type, mgr, linear);
    }

    INDArray activation(INDArray z, IActivation f, boolean training, LayerWorkspaceMgr mgr) {
        activation = training ? new ActivationPass.Trace() : null;
        return activationPass.forward(z, f, training, mgr, activation);
    }

    /** Whether a training forward pass has left what the backward pass needs. */
    boolean hasTrace() {
        return linear != null && activation != null;
    }

    INDArray backwardActivation(INDArray epsilon, IActivation f, LayerWorkspaceMgr mgr) {
        return activationPass.backward(epsilon, f, mgr, activation);
    }

    INDArray tracedInput() {
        return linear.input;
    }

    INDArray tracedWeights() {
        return linear.weights;
    }

    void backwardWeights(INDArray w, INDArray grad) {
        // DL4J divides by the size of the batch later, unless it was told not to.
        long examples = dividesByBatch ? linear.input.size(0) : 1;
        linearPass.backwardWeights(w, grad, linear, examples);
    }

    /** The last steps of every backward pass. */
    void finishBackward(
            INDArray epsilonNext, Gradient gradient, Map<String, INDArray> gradientViews) {
        inputQuantization.backward(epsilonNext);
        commit(gradient, gradientViews);
        linearPass.commit(gradientViews);
        linear = null;
        activation = null;
    }

    @Override
    Map<String, INDArray> evaluationParams(Map<String, INDArray> table) {
        Map<String, INDArray> stock = super.evaluationParams(table);
        INDArray w = table.get(DefaultParamInitializer.WEIGHT_KEY);
        INDArray b = table.get(DefaultParamInitializer.BIAS_KEY);
        stock.put(DefaultParamInitializer.WEIGHT_KEY, linearPass.evaluationWeights(w, b));
        if (b != null) {
            stock.put(DefaultParamInitializer.BIAS_KEY, linearPass.evaluationBias(w, b));
        }
        return stock;
    }

    @Override
    void afterUpdate() {
        super.afterUpdate();
        linearPass.afterUpdate(weights);
    }

    QuantizedWeightLayer.IntegerWeights integerWeights(INDArray w, INDArray b) {
        return linearPass.integerWeights(w, b);
    }

    int[] weightLevels(INDArray w, INDArray b) {
        return linearPass.weightLevels(w, b);
    }

    void clear() {
        inputQuantization.clear();
        linear = null;
        activation = null;
    }
}
