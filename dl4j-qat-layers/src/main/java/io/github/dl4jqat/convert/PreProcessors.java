package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;

/** What DL4J does to a layer's input before the layer reads it. */
final class PreProcessors {

    private PreProcessors() {}

    /** What a layer reads behind its preprocessor, which may be null. */
    static Flow apply(InputPreProcessor p, Node node, Flow in, Conversion c) {
        if (p == null) {
            return in;
        }
        if (p instanceof ComposableInputPreProcessor several) {
            Flow flow = in;
            for (InputPreProcessor one : several.getInputPreProcessors()) {
                flow = apply(one, node, flow, c);
            }
            return flow;
        }
        if (p instanceof RnnToFeedForwardPreProcessor
                && in.isInteger()
                && in.tensor().rank() == 1) {
            // DL4J believes that global pooling gives sequences; it leaves vectors alone.
            return in;
        }
        if (p instanceof FeedForwardToCnnPreProcessor image) {
            List<Integer> shape =
                    List.of(
                            Math.toIntExact(image.getNumChannels()),
                            Math.toIntExact(image.getInputHeight()),
                            Math.toIntExact(image.getInputWidth()));
            return in.withRawShape(List.of(shape.get(0) * shape.get(1) * shape.get(2)))
                    .step(
                            c.draft(),
                            false,
                            false,
                            (x, draft) -> draft.reshape(x, shape, node.name()));
        }
        if (p instanceof CnnToFeedForwardPreProcessor flattened) {
            boolean last = in.channelsLast();
            return in.withRawShape(imageShape(flattened))
                    .step(
                            c.draft(),
                            false,
                            false,
                            (x, draft) -> {
                                TensorType rows =
                                        last && x.shape().size() == 3
                                                ? draft.transpose(x, List.of(1, 2, 0), node.name())
                                                : x;
                                return draft.reshape(rows, List.of(rows.elements()), node.name());
                            });
        }
        throw new IllegalArgumentException(
                "its preprocessor " + p.getClass().getSimpleName() + " has no integer form");
    }

    private static List<Integer> imageShape(CnnToFeedForwardPreProcessor p) {
        int c = Math.toIntExact(p.getNumChannels());
        int h = Math.toIntExact(p.getInputHeight());
        int w = Math.toIntExact(p.getInputWidth());
        return p.getFormat() == CNN2DFormat.NHWC ? List.of(h, w, c) : List.of(c, h, w);
    }
}
