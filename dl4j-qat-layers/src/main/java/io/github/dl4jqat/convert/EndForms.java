package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.FloatSoftmax;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.YoloActivation;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

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
        if (node.layer() instanceof Yolo2OutputLayer yolo) {
            boxes(node, yolo, in, c);
            return;
        }
        IActivation f = ((FeedForwardLayer) node.layer()).getActivationFn();
        if (f instanceof ActivationSoftmax) {
            requireChannelsFirst(in, "its softmax over the channels");
        }
        if (in.isInteger()) {
            c.end(node, arranged(node, in, c), f);
            return;
        }
        TensorType x = IslandForms.floats(node, in, c);
        if (f instanceof ActivationSoftmax) {
            TensorType y = floats(node, x, c);
            c.draft().add(new FloatSoftmax(node.name(), x, y));
            x = y;
        } else if (!(f instanceof ActivationIdentity)) {
            throw new IllegalArgumentException(
                    "its function "
                            + f
                            + " applies to numbers that another layer computes in float; take one"
                            + " of the two functions out of the network");
        }
        c.draft().output(node.name(), x.name());
    }

    private static void boxes(Node node, Yolo2OutputLayer yolo, Flow in, Conversion c) {
        if (in.channelsLast()) {
            throw new IllegalArgumentException(
                    "its boxes have their channels last; use NCHW for an integer model");
        }
        TensorType x = IslandForms.floats(node, in, c);
        TensorType y = floats(node, x, c);
        List<Float> priors = new ArrayList<>();
        for (float size : yolo.getBoundingBoxes().dup('c').data().asFloat()) {
            priors.add(size);
        }
        c.draft().add(new YoloActivation(node.name(), x, y, priors));
        c.draft().output(node.name(), y.name());
    }

    private static TensorType floats(Node node, TensorType x, Conversion c) {
        return new TensorType(c.draft().unique(node.name() + ":float"), x.shape(), null);
    }

    /** Any other node whose values are an output of the network. */
    static void output(Node node, Flow flow, Conversion c) {
        if (flow.tensor() != null && flow.tensor().isFloat()) {
            requireChannelsFirst(flow, "an output of the network computed in float");
            c.draft().output(node.name(), flow.tensor().name());
            return;
        }
        Converter.requireIntegers(flow);
        c.end(node, arranged(node, flow, c), null);
    }

    /** The integers with their axes as DL4J has them. */
    private static TensorType arranged(Node node, Flow flow, Conversion c) {
        TensorType x = flow.tensor();
        if (!flow.channelsLast() || x.rank() < 2) {
            return x;
        }
        List<Integer> order = new ArrayList<>();
        for (int axis = 1; axis < x.rank(); axis++) {
            order.add(axis);
        }
        order.add(0);
        return c.draft().transpose(x, order, node.name());
    }

    /** Floats cannot be rearranged in the integer model. */
    private static void requireChannelsFirst(Flow flow, String what) {
        if (flow.channelsLast() && flow.tensor() != null && flow.tensor().rank() > 1) {
            throw new IllegalArgumentException(
                    what
                            + " with the channels last has no form in the integer model; use a"
                            + " network with its channels first (NCHW)");
        }
    }
}
