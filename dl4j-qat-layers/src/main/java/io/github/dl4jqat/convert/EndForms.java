package io.github.dl4jqat.convert;

import io.github.dl4jqat.layers.NetworkView.Node;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;

/** The ends of a network, where integers become floats again. */
final class EndForms {

    private EndForms() {}

    /** Whether a layer ends a network without weights of its own. */
    static boolean isLoss(Layer layer) {
        return layer instanceof LossLayer
                || layer instanceof RnnLossLayer
                || layer instanceof CnnLossLayer
                || layer instanceof Cnn3DLossLayer
                || layer instanceof Yolo2OutputLayer;
    }

    /** A loss layer: its activation function, on floats. */
    static void loss(Node node, Flow in, Conversion c) {
        Converter.requireIntegers(in);
        if (node.layer() instanceof Yolo2OutputLayer) {
            throw new IllegalArgumentException("its decoding has no integer form yet");
        }
        c.end(node, in.tensor(), ((FeedForwardLayer) node.layer()).getActivationFn());
    }

    /** Any other node whose values are an output of the network. */
    static void output(Node node, Flow flow, Conversion c) {
        if (flow.tensor() != null && flow.tensor().isFloat()) {
            c.draft().output(node.name(), flow.tensor().name());
            return;
        }
        Converter.requireIntegers(flow);
        c.end(node, flow.tensor(), null);
    }
}
