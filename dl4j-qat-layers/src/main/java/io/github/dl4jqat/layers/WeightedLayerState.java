package io.github.dl4jqat.layers;

import java.util.Map;
import java.util.function.Function;
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
    private final BatchNormFolding folding;
    private final LinearOp op;

    private final String weightKey;
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
        this(
                conf,
                params,
                paramsView,
                layer,
                op,
                DefaultParamInitializer.WEIGHT_KEY,
                q -> q,
                layerId);
    }

    /**
     * The state around an op that may be the last part of a layer only.
     *
     * @param weightKey of the parameter that the op multiplies with
     * @param grids those around the op
     */
    WeightedLayerState(
            NeuralNetConfiguration conf,
            Map<String, INDArray> params,
            INDArray paramsView,
            Layer layer,
            LinearOp op,
            String weightKey,
            Function<LayerQuantizers, LinearGrids> grids,
            String layerId) {
        super(conf, params, paramsView, layer);
        this.weightKey = weightKey;
        linearPass =
                new LinearPass(
                        how(),
                        op,
                        grids.apply(quantizers()),
                        ExtraParameter.WEIGHT,
                        params,
                        layerId);
        activationPass = new ActivationPass(quantizers());
        dividesByBatch = conf.isMiniBatch();
        weights = params.get(weightKey);
        inputQuantization = new InputQuantization(quantizers());
        this.op = op;
        folding = BatchNormFolding.of(conf.getLayer(), how(), op, linearPass, quantizers(), params);
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
        if (folding == null) {
            return linearPass.exact(x, w, b, f, mgr);
        }
        NormalizedWeights.Folded folded =
                folding.normalized().fold(w, b, ArrayType.FF_WORKING_MEM, mgr);
        return linearPass.exact(x, folded.weights(), folded.bias(), f, mgr);
    }

    /** Running statistics of a batch normalization in this layer, or null. */
    RunningStatistics statistics() {
        return folding == null ? null : folding.normalized().statistics();
    }

    /** Whether these are being estimated anew. */
    boolean reestimating() {
        return folding != null && folding.normalized().statistics().reestimating();
    }

    void reestimate(INDArray x, INDArray w, INDArray b, INDArray mask, LayerWorkspaceMgr mgr) {
        folding.reestimate(x, w, b, mask, mgr);
    }

    /**
     * As {@link #linear(INDArray, INDArray, INDArray, boolean, INDArray, ArrayType,
     * LayerWorkspaceMgr)} without a mask.
     */
    INDArray linear(
            INDArray x,
            INDArray w,
            INDArray b,
            boolean training,
            ArrayType type,
            LayerWorkspaceMgr mgr) {
        return linear(x, w, b, training, null, type, mgr);
    }

    /**
     * {@code x * w + b} with quantized weights, normalized where that is folded in.
     *
     * @param mask of the layer's output, or null; the result is not masked
     */
    INDArray linear(
            INDArray x,
            INDArray w,
            INDArray b,
            boolean training,
            INDArray mask,
            ArrayType type,
            LayerWorkspaceMgr mgr) {
        LinearPass.Trace trace = new LinearPass.Trace();
        linear = training ? trace : null;
        return folding == null
                ? linearPass.linear(x, w, b, training, type, mgr, trace)
                : folding.forward(x, w, b, training, mask, type, mgr);
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

    /** Gradients of weights and bias, into their views, and of the input. */
    INDArray backward(
            INDArray w,
            INDArray b,
            INDArray delta,
            INDArray gradW,
            INDArray gradB,
            INDArray mask,
            LayerWorkspaceMgr mgr) {
        if (folding != null) {
            return folding.backward(w, b, delta, gradW, gradB, mask, examples(delta), mgr);
        }
        INDArray epsilonNext =
                op.backward(linear.input, linear.weights, b, delta, gradW, gradB, mgr);
        backwardWeights(w, gradW);
        return epsilonNext;
    }

    INDArray tracedWeights() {
        return linear.weights;
    }

    void backwardWeights(INDArray w, INDArray grad) {
        backwardWeights(w, grad, linear.input.size(0));
    }

    /**
     * The same for a batch whose size is not that of the arrays, because time steps are rows.
     *
     * @param batch size of the batch
     */
    void backwardWeights(INDArray w, INDArray grad, long batch) {
        linearPass.backwardWeights(w, grad, linear, dividesByBatch ? batch : 1);
    }

    /** By what DL4J divides gradients later: the size of the batch, unless it was told not to. */
    long examples(INDArray ofBatch) {
        return dividesByBatch ? ofBatch.size(0) : 1;
    }

    /** The last steps of every backward pass. */
    void finishBackward(
            INDArray epsilonNext, Gradient gradient, Map<String, INDArray> gradientViews) {
        inputQuantization.backward(epsilonNext);
        commit(gradient, gradientViews);
        linearPass.commit(gradientViews);
        if (folding != null) {
            folding.commit(gradient, gradientViews);
        }
        linear = null;
        activation = null;
    }

    @Override
    Map<String, INDArray> evaluationParams(Map<String, INDArray> table) {
        Map<String, INDArray> stock = super.evaluationParams(table);
        INDArray w = table.get(weightKey);
        INDArray b = table.get(DefaultParamInitializer.BIAS_KEY);
        if (folding != null) {
            NormalizedWeights.Folded folded = folding.normalized().fold(w, b);
            INDArray weights = linearPass.evaluationWeights(folded.weights(), folded.bias());
            INDArray bias = linearPass.evaluationBias(folded.weights(), folded.bias());
            if (w == null) {
                folding.normalized().writeNormalization(weights, bias, stock);
            } else {
                stock.put(weightKey, weights);
                stock.put(DefaultParamInitializer.BIAS_KEY, bias);
            }
            return stock;
        }
        stock.put(weightKey, linearPass.evaluationWeights(w, b));
        if (b != null) {
            stock.put(DefaultParamInitializer.BIAS_KEY, linearPass.evaluationBias(w, b));
        }
        return stock;
    }

    @Override
    void afterUpdate() {
        super.afterUpdate();
        linearPass.afterUpdate(weights, folding == null ? null : folding.normalized().factors());
    }

    QuantizedWeightLayer.IntegerWeights integerWeights(INDArray w, INDArray b) {
        if (folding == null) {
            return linearPass.integerWeights(w, b);
        }
        NormalizedWeights.Folded folded = folding.normalized().fold(w, b);
        return linearPass.integerWeights(folded.weights(), folded.bias());
    }

    int[] weightLevels(INDArray w, INDArray b) {
        if (folding == null) {
            return linearPass.weightLevels(w, b);
        }
        NormalizedWeights.Folded folded = folding.normalized().fold(w, b);
        return linearPass.weightLevels(folded.weights(), folded.bias());
    }

    void clear() {
        inputQuantization.clear();
        if (folding != null) {
            folding.clear();
        }
        linear = null;
        activation = null;
    }
}
