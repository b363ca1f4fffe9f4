package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.HashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

/**
 * Where the last function of a network is computed that ends as Keras networks do: in a layer that
 * applies a softmax or another function, and behind it a loss layer that applies none.
 *
 * <p>If such a function stayed, its values would be quantized: probabilities in steps of 1/255, of
 * which the smallest become 0 and have no logarithm. So it moves into the loss layer, and what is
 * quantized are the logits. The network computes the same, and by the chain rule its gradients are
 * the same too; that of cross-entropy behind a softmax if the labels add up to one. A function that
 * clamps stays: it makes the range narrower.
 */
final class LossFunctions {

    private final Map<String, IActivation> moved = new HashMap<>();

    /**
     * Moves the function of a layer into the loss layer behind it, if that is how the network ends.
     *
     * @param reader the one layer that reads it; null if there is none, or there are several
     * @return whether the layer gives its function up
     */
    boolean take(Node node, Node reader) {
        if (!wants(node, reader)) {
            return false;
        }
        moved.put(reader.name(), function(node.layer()));
        return true;
    }

    /**
     * Whether the function of a layer belongs into the loss layer behind it.
     *
     * @param loss what alone reads the layer, a loss layer or not; null if there is no such thing
     */
    static boolean wants(Node node, Node loss) {
        IActivation f = function(node.layer());
        return f != null
                && !ActivationTable.isClamp(f)
                && loss != null
                && !loss.frozen()
                && loss.layer().getClass() == LossLayer.class
                && ((LossLayer) loss.layer()).getActivationFn() instanceof ActivationIdentity;
    }

    /** The function that a loss layer has taken over, or null. */
    IActivation of(Node loss) {
        return moved.get(loss.name());
    }

    /**
     * Whether a layer is what an output layer is but for its loss: a dense layer with a softmax.
     * Keras has such an end in a model that was never compiled.
     */
    static boolean lacksLoss(Layer layer) {
        return layer.getClass() == DenseLayer.class && function(layer) instanceof ActivationSoftmax;
    }

    private static IActivation function(Layer layer) {
        if (layer.getClass() == ActivationLayer.class) {
            return ((ActivationLayer) layer).getActivationFn();
        }
        return layer.getClass() == DenseLayer.class ? ((DenseLayer) layer).getActivationFn() : null;
    }
}
