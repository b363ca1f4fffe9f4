package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The linear part of a layer: a kind of convolution, or a matrix product. Everything that makes one
 * layer with weights differ from another is in here; quantizers, activation and bookkeeping are the
 * same for all.
 */
interface LinearOp {

    /**
     * {@code x * w + b}.
     *
     * @param x as {@link #arranged} gives it
     * @param b the bias, or null
     * @param type where the result is to live
     */
    INDArray apply(INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr);

    /** {@code x * w} over the input channels {@code from..to} only, in an array of its own. */
    INDArray partial(INDArray x, INDArray w, long from, long to);

    /**
     * The gradients of input, weights and, where there is one, bias.
     *
     * @param b the bias, or null
     * @param epsilon gradient of the result
     * @param gradW receives the gradient of the weights
     * @param gradB receives that of the bias; null without one
     * @return the gradient of {@code x}, as {@link ArrayType#ACTIVATION_GRAD}
     */
    INDArray backward(
            INDArray x,
            INDArray w,
            INDArray b,
            INDArray epsilon,
            INDArray gradW,
            INDArray gradB,
            LayerWorkspaceMgr mgr);

    /** The axis of the weights along which each output channel has its own scale. */
    int outputAxisOfWeights();

    /** The axis of the weights along which products are summed up. */
    int inputAxisOfWeights();

    /**
     * Whether the sum can be taken over a part of the input channels at a time; if not, {@link
     * #partial} is only asked for all of them.
     */
    default boolean splits() {
        return true;
    }

    /**
     * The weights, or anything of their shape, with one axis for the output channels: a view of the
     * same numbers. Only weights whose output channels take two axes need one.
     */
    default INDArray byOutput(INDArray w) {
        return w;
    }

    /** The weights in the order of the integer model, output channel first, row-major. */
    default INDArray outputFirst(INDArray w) {
        return outputAxisOfWeights() == 0 ? w.dup('c') : w.transpose().dup('c');
    }

    /** The channel axis of the result. */
    int channelAxis();

    /**
     * Complains about an input that does not fit the weights.
     *
     * @param x in the layer's data format
     */
    void requireFitting(INDArray x, INDArray w, String layerId);

    /** An input or gradient in the layer's data format as {@link #apply} wants it. */
    INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr);

    /** A result in the layer's data format. */
    INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr);

    /** Sets masked positions of a result to zero, in place; for layers that mask their output. */
    default void mask(INDArray y, INDArray mask) {
        // Most layers do not.
    }

    /**
     * Whether a mask that comes with a network's data is one for this layer's output. The stock
     * convolutions only hand it on; they mask their output by one that is set on themselves.
     */
    default boolean masksInNetworks() {
        return false;
    }

    /** The same where there is a mask. */
    default INDArray masked(INDArray y, INDArray mask) {
        if (mask != null) {
            mask(y, mask);
        }
        return y;
    }

    /** The mask behind the layer; null if there is none any more. */
    default Pair<INDArray, MaskState> maskBehind(INDArray mask, MaskState state, int minibatch) {
        return new Pair<>(mask, state);
    }

    /** Whether dropout, where it is configured, falls on the input. */
    default boolean takesDropout() {
        return true;
    }

    /** What kind of layer it is for DL4J. */
    Layer.Type type();
}
