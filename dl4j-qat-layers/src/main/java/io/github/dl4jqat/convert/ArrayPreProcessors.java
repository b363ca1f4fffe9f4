package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.DataFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.preprocessors.KerasFlattenRnnPreprocessor;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;

/**
 * The preprocessors that Keras import makes of Keras' Reshape, Permute and Flatten. They know no
 * channels: they move the numbers of an array as they lie there, {@code [height, width, channels]}
 * or {@code [channels, height, width]}. So the integer model puts its channels where DL4J has them,
 * does the same, and puts the channels of the result first again. Which axis these are then, the
 * next layer with a data format says.
 */
final class ArrayPreProcessors {

    private ArrayPreProcessors() {}

    /** Whether a preprocessor is one of these. */
    static boolean contains(InputPreProcessor p) {
        return p instanceof KerasFlattenRnnPreprocessor
                || p instanceof ReshapePreprocessor
                || p instanceof PermutePreprocessor;
    }

    /** What a layer reads behind one of these. */
    static Flow apply(InputPreProcessor p, Node node, Flow in, Conversion c) {
        boolean last = in.channelsLast();
        Boolean read = DataFormats.readChannelsLast(c.network(), node);
        boolean lastThen = read == null ? isLast(p) : read;
        return withRawShape(p, in)
                .step(
                        c.draft(),
                        false,
                        lastThen,
                        (x, draft) -> {
                            TensorType array = last ? channelsLast(x, node, draft) : x;
                            TensorType moved = moved(p, array, node, draft);
                            return lastThen ? channelsFirst(moved, node, draft) : moved;
                        });
    }

    /** A vector that is the network's input tells its shape; an array may lie either way. */
    private static Flow withRawShape(InputPreProcessor p, Flow in) {
        if (p instanceof ReshapePreprocessor reshape) {
            List<Integer> shape = example(reshape.getInputShape(), reshape);
            return shape.size() == 1 ? in.withRawShape(shape) : in;
        }
        return in;
    }

    private static TensorType moved(
            InputPreProcessor p, TensorType array, Node node, ModelDraft draft) {
        if (p instanceof PermutePreprocessor permute) {
            return draft.transpose(
                    array, axes(permute.getPermutationIndices(), array.rank()), node.name());
        }
        List<Integer> shape =
                p instanceof ReshapePreprocessor reshape
                        ? example(reshape.getTargetShape(), reshape)
                        : List.of(array.elements());
        return draft.reshape(array, shape, node.name());
    }

    /** A shape without the axis of the batch. */
    private static List<Integer> example(long[] shape, ReshapePreprocessor p) {
        List<Integer> example = new ArrayList<>();
        for (int i = p.isHasMiniBatchDimension() ? 1 : 0; i < shape.length; i++) {
            example.add(Math.toIntExact(shape[i]));
        }
        return example;
    }

    /**
     * The axes of an example. DL4J counts the batch as axis 0; a preprocessor that has not run yet
     * leaves it out, one that has may have put it in.
     */
    private static List<Integer> axes(int[] permutation, int rank) {
        int[] axes =
                permutation.length == rank + 1
                        ? Arrays.copyOfRange(permutation, 1, permutation.length)
                        : permutation;
        int[] sorted = Arrays.stream(axes).sorted().toArray();
        if (!Arrays.equals(sorted, IntStream.rangeClosed(1, rank).toArray())) {
            throw new IllegalArgumentException(
                    "its preprocessor permutes the axes "
                            + Arrays.toString(permutation)
                            + " of an example with "
                            + rank
                            + " axes; the integer model takes a permutation of all of them, counted"
                            + " from 1");
        }
        return Arrays.stream(axes).mapToObj(axis -> axis - 1).toList();
    }

    /** Where the channels are if no layer that reads them says. */
    private static boolean isLast(InputPreProcessor p) {
        if (!(p instanceof ReshapePreprocessor reshape)) {
            return false;
        }
        DataFormat format = reshape.getFormat();
        return format == CNN2DFormat.NHWC || format == RNNFormat.NWC;
    }

    private static TensorType channelsLast(TensorType x, Node node, ModelDraft draft) {
        List<Integer> order = new ArrayList<>();
        IntStream.range(1, x.rank()).forEach(order::add);
        order.add(0);
        return x.rank() < 2 ? x : draft.transpose(x, order, node.name());
    }

    private static TensorType channelsFirst(TensorType x, Node node, ModelDraft draft) {
        List<Integer> order = new ArrayList<>(List.of(x.rank() - 1));
        IntStream.range(0, x.rank() - 1).forEach(order::add);
        return x.rank() < 2 ? x : draft.transpose(x, order, node.name());
    }
}
