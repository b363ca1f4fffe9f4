package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.List;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
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
        Flow sequence = sequence(p, node, in, c);
        if (sequence != null) {
            return sequence;
        }
        if (p instanceof Cnn3DToFeedForwardPreProcessor flattened) {
            return VolumeShapes.flattened(flattened, node, in, c);
        }
        if (p instanceof FeedForwardToCnn3DPreProcessor volume) {
            return VolumeShapes.volume(volume, node, in, c);
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
        // Not its subclasses, of which one flattens in another order.
        if (p.getClass() == CnnToFeedForwardPreProcessor.class) {
            CnnToFeedForwardPreProcessor flattened = (CnnToFeedForwardPreProcessor) p;
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
        if (ArrayPreProcessors.contains(p)) {
            return ArrayPreProcessors.apply(p, node, in, c);
        }
        throw new IllegalArgumentException(
                "its preprocessor " + p.getClass().getSimpleName() + " has no integer form");
    }

    /**
     * The preprocessors around sequences; null for any other. Where DL4J makes an example of each
     * time step, the integer model keeps {@code [features, time]}: what follows does the same to
     * every time step, or it is no layer for single numbers.
     */
    private static Flow sequence(InputPreProcessor p, Node node, Flow in, Conversion c) {
        if (p instanceof RnnToFeedForwardPreProcessor) {
            return in.step(c.draft(), false, false, (x, draft) -> x);
        }
        if (p instanceof FeedForwardToRnnPreProcessor back) {
            return in.step(
                    c.draft(),
                    false,
                    isLast(back.getRnnDataFormat()),
                    (x, draft) -> SequenceForms.isSequence(x) ? x : oneStep(x, node, draft));
        }
        if (p instanceof CnnToRnnPreProcessor flattened) {
            return in.step(
                    c.draft(),
                    false,
                    isLast(flattened.getRnnDataFormat()),
                    (x, draft) -> oneStep(x, node, draft));
        }
        if (p instanceof RnnToCnnPreProcessor image) {
            return in.step(c.draft(), false, false, (x, draft) -> image(x, image, node, draft));
        }
        return null;
    }

    private static boolean isLast(RNNFormat format) {
        return format == RNNFormat.NWC;
    }

    /** A sequence of one time step. */
    private static TensorType oneStep(TensorType x, Node node, ModelDraft draft) {
        return draft.reshape(x, List.of(x.elements(), 1), node.name());
    }

    private static TensorType image(
            TensorType x, RnnToCnnPreProcessor p, Node node, ModelDraft draft) {
        if (!SequenceForms.isSequence(x) || x.size(1) != 1) {
            throw new IllegalArgumentException(
                    "its preprocessor makes an image of each time step of "
                            + x
                            + "; the integer model has no convolution over single time steps, only"
                            + " sequences of one time step can become an image");
        }
        List<Integer> shape =
                List.of(
                        Math.toIntExact(p.getNumChannels()),
                        Math.toIntExact(p.getInputHeight()),
                        Math.toIntExact(p.getInputWidth()));
        return draft.reshape(x, shape, node.name());
    }

    private static List<Integer> imageShape(CnnToFeedForwardPreProcessor p) {
        int c = Math.toIntExact(p.getNumChannels());
        int h = Math.toIntExact(p.getInputHeight());
        int w = Math.toIntExact(p.getInputWidth());
        return p.getFormat() == CNN2DFormat.NHWC ? List.of(h, w, c) : List.of(c, h, w);
    }
}
