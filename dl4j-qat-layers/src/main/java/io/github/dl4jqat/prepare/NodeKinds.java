package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.QuantizedLocalConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

/** What kinds of layers and vertices there are for the planner. */
final class NodeKinds {

    private NodeKinds() {}

    /** The end of a network that has no weights: a loss, and perhaps a function before it. */
    static boolean isLoss(Layer layer) {
        return layer instanceof LossLayer
                || layer instanceof RnnLossLayer
                || layer instanceof CnnLossLayer
                || layer instanceof Cnn3DLossLayer
                || layer instanceof Yolo2OutputLayer;
    }

    /** A layer that reads indices of rows, which are no numbers to quantize. */
    static boolean readsIndices(Layer layer) {
        return layer instanceof EmbeddingLayer || layer instanceof EmbeddingSequenceLayer;
    }

    /** A layer whose positions each have weights of their own. */
    static boolean isLocal(Layer layer) {
        return layer instanceof LocallyConnected1D || layer instanceof LocallyConnected2D;
    }

    /** Whether a layer with weights for each position knows how many positions there are. */
    static boolean isSized(Layer local) {
        return local instanceof LocallyConnected2D image
                ? image.getOutputSize() != null
                : ((LocallyConnected1D) local).getOutputSize() > 0;
    }

    private static boolean isDilated(Layer local) {
        return local instanceof LocallyConnected2D image
                ? image.getDilation()[0] > 1 || image.getDilation()[1] > 1
                : ((LocallyConnected1D) local).getDilation() > 1;
    }

    static IActivation localFunction(Layer local) {
        return QuantizedLocalConfiguration.function(
                local instanceof LocallyConnected2D image
                        ? image.getActivation()
                        : ((LocallyConnected1D) local).getActivation());
    }

    static boolean pools(Layer layer) {
        return layer instanceof SubsamplingLayer
                || layer instanceof Subsampling3DLayer
                || layer instanceof GlobalPoolingLayer;
    }

    /** A vertex that applies a function of one variable to each number: a table for integers. */
    static boolean isElementwise(GraphVertex vertex) {
        return vertex instanceof ScaleVertex || vertex instanceof ShiftVertex;
    }

    /**
     * Why a layer or vertex computes in float in the integer model as well, or null if it does not:
     * what it computes is no sum of products, but the integer model has it as a float operation.
     */
    static String island(Layer layer, GraphVertex vertex) {
        if (vertex instanceof L2NormalizeVertex) {
            return "divides by the norm of all its numbers";
        }
        String attention = attention(layer, vertex);
        if (attention != null) {
            return attention;
        }
        if (layer instanceof LocalResponseNormalization) {
            return "divides by a power of its neighbors";
        }
        PoolingType pooling = null;
        if (layer != null && layer.getClass() == SubsamplingLayer.class) {
            pooling = ((SubsamplingLayer) layer).getPoolingType();
        } else if (layer instanceof GlobalPoolingLayer global) {
            pooling = global.getPoolingType();
        }
        if (pooling == PoolingType.PNORM) {
            return "p-norm pooling takes powers and roots";
        }
        boolean softmax =
                layer instanceof ActivationLayer activation
                        && activation.getActivationFn() instanceof ActivationSoftmax;
        return softmax ? "softmax divides by a sum of exponentials" : null;
    }

    private static String attention(Layer layer, GraphVertex vertex) {
        boolean projects;
        if (vertex instanceof AttentionVertex attends) {
            projects = attends.isProjectInput();
        } else if (layer instanceof SelfAttentionLayer self) {
            projects = self.isProjectInput();
        } else {
            return null;
        }
        return "attention weighs its input by the softmax of a product of two tensors"
                + (projects ? ", and keeps its own weights as floats" : "");
    }

    /** Why a layer without weights, or one for each position, has no integer form; or null. */
    static String refusal(Layer layer) {
        if (isLocal(layer)) {
            return isDilated(layer)
                    ? "the stock layer sizes its output by a dilation, but reads its input"
                            + " without; use dilation 1"
                    : null;
        }
        return layer instanceof ActivationLayer activation
                        && !ActivationTable.isElementwise(activation.getActivationFn())
                ? "its function is not elementwise"
                : null;
    }
}
