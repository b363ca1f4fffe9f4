package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

/** What comes behind a layer, and what of it the layer may take over. */
final class Successors {

    private final NetworkView network;
    private final QatConfig config;

    Successors(NetworkView network, QatConfig config) {
        this.network = network;
        this.config = config;
    }

    /** Whether a node's values are an output of the network, and nothing else. */
    boolean isEnd(Node node) {
        return network.outputs().contains(node.name()) && network.consumers(node.name()).isEmpty();
    }

    /** The one layer that reads a node, as it is; null if there are others or it is a vertex. */
    Node sole(Node node) {
        List<Node> consumers = network.consumers(node.name());
        return consumers.size() != 1
                        || network.outputs().contains(node.name())
                        || consumers.get(0).preProcessor() != null
                        || consumers.get(0).layer() == null
                        || LayerRules.of(config.rules(), consumers.get(0)).float32()
                ? null
                : consumers.get(0);
    }

    /** The batch normalization that alone reads a linear layer without a function. */
    Node batchNormToFold(Node node, LayerRule rule) {
        Node reader = sole(node);
        return reader != null
                        && reader.layer().getClass() == BatchNormalization.class
                        && Replacements.FOLDING.contains(node.layer().getClass())
                        && !config.forLayer(rule, rule, false).freezesWeights()
                ? reader
                : null;
    }

    /** The activation layer that alone reads a linear layer without a function. */
    Node activationToTake(Node node) {
        Node reader = sole(node);
        if (reader == null || reader.layer().getClass() != ActivationLayer.class) {
            return null;
        }
        IActivation f = ((ActivationLayer) reader.layer()).getActivationFn();
        Node behind = sole(reader);
        return f instanceof ActivationIdentity
                        || !ActivationTable.isElementwise(f)
                        || LossFunctions.wants(reader, behind)
                ? null
                : reader;
    }
}
