package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.List;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;

/** How volumes become vectors, and vectors volumes. */
final class VolumeShapes {

    private static final int RANK = 4;

    private VolumeShapes() {}

    /** A vector in the order of DL4J's array. */
    static Flow flattened(Cnn3DToFeedForwardPreProcessor p, Node node, Flow in, Conversion c) {
        boolean last = in.channelsLast();
        List<Integer> raw =
                shape(
                        p.getNumChannels(),
                        p.getInputDepth(),
                        p.getInputHeight(),
                        p.getInputWidth(),
                        !p.isNCDHW());
        return in.withRawShape(raw)
                .step(
                        c.draft(),
                        false,
                        false,
                        (x, draft) -> {
                            TensorType rows =
                                    last && x.rank() == RANK
                                            ? draft.transpose(x, List.of(1, 2, 3, 0), node.name())
                                            : x;
                            return draft.reshape(rows, List.of(rows.elements()), node.name());
                        });
    }

    /** A volume of a vector; one that is a volume already stays as it is. */
    static Flow volume(FeedForwardToCnn3DPreProcessor p, Node node, Flow in, Conversion c) {
        boolean last = !p.isNCDHW();
        List<Integer> shape =
                shape(
                        p.getNumChannels(),
                        p.getInputDepth(),
                        p.getInputHeight(),
                        p.getInputWidth(),
                        last);
        int elements = shape.stream().reduce(1, Math::multiplyExact);
        return in.withRawShape(List.of(elements))
                .step(
                        c.draft(),
                        false,
                        last,
                        (x, draft) -> {
                            if (x.rank() == RANK) {
                                return x;
                            }
                            TensorType volume = draft.reshape(x, shape, node.name());
                            return last
                                    ? draft.transpose(volume, List.of(3, 0, 1, 2), node.name())
                                    : volume;
                        });
    }

    private static List<Integer> shape(
            long channels, long depth, long height, long width, boolean last) {
        int c = Math.toIntExact(channels);
        int d = Math.toIntExact(depth);
        int h = Math.toIntExact(height);
        int w = Math.toIntExact(width);
        return last ? List.of(d, h, w, c) : List.of(c, d, h, w);
    }

    /**
     * The input of a layer that knows no other data format.
     *
     * @throws IllegalArgumentException if its channels are last
     */
    static Flow channelsFirst(Node node, Flow in) {
        if (in.channelsLast()) {
            throw new IllegalArgumentException(
                    "Deeplearning4j's "
                            + node.kind()
                            + " takes [batch, channels, depth, height, width] only, and its input"
                            + " has the channels last; use NCDHW");
        }
        return in;
    }
}
