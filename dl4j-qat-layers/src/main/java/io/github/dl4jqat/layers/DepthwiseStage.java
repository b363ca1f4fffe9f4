package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.QuantizerPass;
import java.util.Map;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The first part of a separable convolution, from the layer's input to the quantized tensor inside
 * it: {@code Q(depthwise(x, Q(W)))}. It has no bias and no function. Belongs to one running layer;
 * not thread-safe.
 *
 * <p>A separable layer keeps these weights as {@code [m, nIn, kH, kW]}, where the output channels
 * {@code c * m + i} do not lie side by side; the stage works on a copy that has them so.
 */
final class DepthwiseStage {

    private final DepthwiseOp op;
    private final LayerQuantizers quantizers;
    private final LinearPass pass;

    private INDArray arranged;
    private LinearPass.Trace trace;
    private INDArray z;
    private QuantizerPass innerPass;

    DepthwiseStage(
            LayerQuantization how,
            DepthwiseOp op,
            LayerQuantizers quantizers,
            Map<String, INDArray> params,
            String layerId) {
        this.op = op;
        this.quantizers = quantizers;
        pass =
                new LinearPass(
                        how,
                        op,
                        LinearGrids.beforeInner(quantizers),
                        ExtraParameter.DEPTHWISE,
                        params,
                        layerId);
    }

    /** {@code [kH, kW, nIn, m]}, in an array that outlives every pass. */
    @SuppressWarnings("try")
    private INDArray arranged(INDArray w) {
        INDArray view = w.permute(2, 3, 1, 0);
        if (arranged == null || arranged.dataType() != w.dataType()) {
            try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                arranged = Nd4j.createUninitialized(w.dataType(), view.shape(), 'c');
            }
        }
        return arranged.assign(view);
    }

    void requireFitting(INDArray x, INDArray w, String layerId) {
        op.requireFitting(x, arranged(w), layerId);
    }

    /** The tensor inside the layer; as it is where nothing quantizes it yet. */
    INDArray forward(INDArray x, INDArray w, boolean training, LayerWorkspaceMgr mgr) {
        LinearPass.Trace t = new LinearPass.Trace();
        INDArray sum = pass.linear(x, arranged(w), null, training, ArrayType.ACTIVATIONS, mgr, t);
        QuantizerPass now = quantizers.observe(quantizers.inner(), sum, training);
        trace = training ? t : null;
        z = training ? sum : null;
        innerPass = now;
        return now == null ? sum : LayerQuantizers.quantized(sum, now, ArrayType.ACTIVATIONS, mgr);
    }

    /** The tensor inside the layer by way of integers, or null; see {@link LinearPass#exact}. */
    INDArray exact(INDArray x, INDArray w, LayerWorkspaceMgr mgr) {
        return pass.exact(x, arranged(w), null, null, mgr);
    }

    /**
     * The gradient of the input.
     *
     * @param epsilon gradient of the tensor inside; is overwritten
     * @param gradW receives that of the weights
     * @param examples by which DL4J divides later
     */
    INDArray backward(
            INDArray w, INDArray epsilon, INDArray gradW, long examples, LayerWorkspaceMgr mgr) {
        if (innerPass != null) {
            quantizers.inner().backward(z, epsilon, epsilon, innerPass);
        }
        INDArray arrangedW = arranged(w);
        INDArray grad = arrangedW.ulike();
        INDArray epsilonNext =
                op.backward(trace.input, trace.weights, null, epsilon, grad, null, mgr);
        pass.backwardWeights(arrangedW, grad, trace, examples);
        gradW.assign(grad.permute(3, 2, 0, 1));
        return epsilonNext;
    }

    /** Writes down what the last training pass has moved. */
    void commit(Map<String, INDArray> gradientViews) {
        pass.commit(gradientViews);
        clear();
    }

    /** What has to hold after each update. */
    void afterUpdate(INDArray w) {
        INDArray kept = arranged(w);
        pass.afterUpdate(kept, null);
        w.assign(kept.permute(3, 2, 0, 1));
    }

    QuantizedWeightLayer.IntegerWeights integerWeights(INDArray w) {
        return pass.integerWeights(arranged(w), null);
    }

    int[] weightLevels(INDArray w) {
        return pass.weightLevels(arranged(w), null);
    }

    /** The weights as evaluation has them, in the layer's own order. */
    INDArray evaluationWeights(INDArray w) {
        return pass.evaluationWeights(arranged(w), null).permute(3, 2, 0, 1).dup('c');
    }

    /** Forgets the arrays of the last pass. */
    void clear() {
        trace = null;
        z = null;
        innerPass = null;
    }
}
