package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedEncoderLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.nd4j.linalg.activations.IActivation;

/** Matrix products, and products of single numbers. */
final class LinearForms {

    private LinearForms() {}

    /** A matrix product; behind sequences, one for each time step. */
    static Flow dense(Node node, Flow in, Conversion c) {
        if (SequenceForms.isSequence(in.tensor())) {
            TensorType y = SequenceForms.product(node, in.tensor(), function(node), c);
            return Flow.of(y, in.channelsLast());
        }
        return Flow.of(product(node, in.tensor(), function(node), c), false);
    }

    /** The dense layers of an encoder, one behind the other. */
    static Flow encoder(Node node, Flow in, Conversion c) {
        Flow flow = in;
        for (Node part : ((QuantizedEncoderLayer) node.running()).parts(node)) {
            flow = dense(part, flow, c);
        }
        return flow;
    }

    static Flow output(Node node, Flow in, Conversion c) {
        TensorType logits = product(node, in.tensor(), null, c);
        c.end(node, logits, function(node));
        return Flow.of(logits, false);
    }

    /** A factor and a summand for each channel, as a convolution of one pixel in each channel. */
    static Flow channelScale(Node node, Flow in, Conversion c) {
        TensorType x = in.tensor();
        IntegerWeights integers = Conversion.weighted(node, x).integerWeights();
        int channels = integers.channels();
        Weights weights =
                Weights.of(
                        integers.params(),
                        List.of(channels, 1, 1, 1),
                        integers.values(),
                        integers.bias());
        boolean image = x.rank() == 3;
        TensorType input =
                image
                        ? x
                        : c.draft()
                                .reshape(
                                        x,
                                        List.of(channels, x.elements() / channels, 1),
                                        node.name());
        return Flow.of(
                c.activatedAs(
                        node,
                        function(node),
                        input.shape(),
                        x.shape(),
                        (y, low, high, mode) ->
                                c.draft()
                                        .add(
                                                new Conv2d(
                                                        node.name(),
                                                        input,
                                                        y,
                                                        weights,
                                                        Window2d.of(1, 1),
                                                        channels,
                                                        mode,
                                                        low,
                                                        high))),
                in.channelsLast());
    }

    private static TensorType product(Node node, TensorType input, IActivation f, Conversion c) {
        IntegerWeights integers = Conversion.weighted(node, input).integerWeights();
        int outputs = integers.channels();
        int[] values = integers.values();
        Weights weights =
                Weights.of(
                        integers.params(),
                        List.of(outputs, values.length / outputs),
                        values,
                        integers.bias());
        return c.activated(
                node,
                f,
                List.of(outputs),
                (y, low, high, mode) ->
                        c.draft().add(new Dense(node.name(), input, y, weights, mode, low, high)));
    }

    static IActivation function(Node node) {
        return ((BaseLayer) node.layer()).getActivationFn();
    }
}
