package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.AveragePool2d;
import io.github.dl4jqat.integer.GlobalPool;
import io.github.dl4jqat.integer.MaxPool2d;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;

/** Pooling over windows and over whole images. */
final class PoolingForms {

    private PoolingForms() {}

    static Flow max(Node node, Flow in, Conversion c) {
        return in.step(
                c.draft(),
                false,
                in.channelsLast(),
                (input, draft) -> {
                    TensorType x = asImage(node, input, draft);
                    Window2d window = window(node, x);
                    TensorType y = pooled(node, input, x, window, x.params(), draft);
                    draft.add(new MaxPool2d(node.name(), x, y, window));
                    return asSequence(node, input, y, draft);
                });
    }

    static Flow average(Node node, Flow in, Conversion c) {
        QuantizedLayer layer = (QuantizedLayer) node.running();
        c.draft().requireMode(layer.quantization().requantization());
        TensorType x = asImage(node, in.tensor(), c.draft());
        Window2d window = window(node, x);
        TensorType y = pooled(node, in.tensor(), x, window, layer.outputParams(), c.draft());
        c.draft()
                .add(
                        AveragePool2d.of(
                                node.name(),
                                x,
                                y,
                                window,
                                ((SubsamplingLayer) node.layer()).isAvgPoolIncludePadInDivisor(),
                                layer.quantization().requantization()));
        return Flow.of(asSequence(node, in.tensor(), y, c.draft()), in.channelsLast());
    }

    /** A sequence as an image of one column, which is how DL4J pools it; an image as it is. */
    private static TensorType asImage(Node node, TensorType x, ModelDraft draft) {
        return x.rank() == 2 ? draft.reshape(x, List.of(x.size(0), x.size(1), 1), node.name()) : x;
    }

    /** What was pooled as an image in the shape of what came in, under the layer's name. */
    private static TensorType asSequence(
            Node node, TensorType input, TensorType pooled, ModelDraft draft) {
        return input.rank() == 2
                ? draft.result(pooled, List.of(pooled.size(0), pooled.size(1)), node.name())
                : pooled;
    }

    private static TensorType pooled(
            Node node,
            TensorType input,
            TensorType image,
            Window2d window,
            QuantParams params,
            ModelDraft draft) {
        String name = input.rank() == 2 ? node.name() + ":image" : node.name();
        return new TensorType(draft.unique(name), pooled(image, window), params);
    }

    static Flow globalMax(Node node, Flow in, Conversion c) {
        return in.step(
                c.draft(),
                false,
                false,
                (x, draft) ->
                        global(node, x, in.channelsLast(), GlobalPool.Kind.MAX, x.params(), draft));
    }

    static Flow global(Node node, Flow in, Conversion c) {
        QuantizedLayer layer = (QuantizedLayer) node.running();
        PoolingType type = ((GlobalPoolingLayer) node.layer()).getPoolingType();
        c.draft().requireMode(layer.quantization().requantization());
        TensorType y =
                global(
                        node,
                        in.tensor(),
                        in.channelsLast(),
                        type == PoolingType.AVG ? GlobalPool.Kind.AVERAGE : GlobalPool.Kind.SUM,
                        layer.outputParams(),
                        c.draft());
        // Where DL4J keeps the pooled axes, it has them behind the channels in either format.
        return Flow.of(y, false);
    }

    private static TensorType global(
            Node node,
            TensorType input,
            boolean channelsLast,
            GlobalPool.Kind kind,
            QuantParams params,
            ModelDraft draft) {
        GlobalPoolingLayer conf = (GlobalPoolingLayer) node.layer();
        requireSpatialAxes(conf.getPoolingDimensions(), input.rank(), channelsLast);
        int channels = input.shape().get(0);
        // A mean over all positions does not care how they are arranged.
        TensorType image =
                input.rank() == 3
                        ? input
                        : draft.reshape(
                                input,
                                List.of(channels, input.elements() / channels, 1),
                                node.name());
        TensorType output = new TensorType(draft.unique(node.name()), List.of(channels), params);
        draft.add(GlobalPool.of(node.name(), image, output, kind, draft.mode()));
        return conf.isCollapseDimensions()
                ? output
                : draft.reshape(output, collapsed(input), node.name());
    }

    private static List<Integer> collapsed(TensorType input) {
        List<Integer> shape = new ArrayList<>(Collections.nCopies(input.rank(), 1));
        shape.set(0, input.size(0));
        return shape;
    }

    static void requireSpatialAxes(int[] axes, int rank, boolean channelsLast) {
        int first = channelsLast ? 1 : 2;
        int[] spatial = IntStream.range(first, first + rank - 1).toArray();
        boolean all = axes == null ? !channelsLast : Arrays.equals(sorted(axes), spatial);
        if (!all) {
            throw new IllegalArgumentException(
                    "pools over the axes "
                            + Arrays.toString(
                                    axes == null ? IntStream.rangeClosed(2, rank).toArray() : axes)
                            + ", but height and width are "
                            + Arrays.toString(spatial)
                            + "; set poolingDimensions to them");
        }
    }

    private static int[] sorted(int[] axes) {
        return Arrays.stream(axes).sorted().toArray();
    }

    static Window2d window(Node node, TensorType input) {
        SubsamplingLayer conf = (SubsamplingLayer) node.layer();
        return Windows.fitting(
                input,
                Windows.of(
                        conf.getConvolutionMode(),
                        conf.getKernelSize(),
                        conf.getStride(),
                        conf.getPadding(),
                        conf.getDilation(),
                        input.shape().get(1),
                        input.shape().get(2)));
    }

    static List<Integer> pooled(TensorType input, Window2d window) {
        List<Integer> shape = new ArrayList<>(input.shape());
        shape.set(1, window.outputHeight(input.shape().get(1)));
        shape.set(2, window.outputWidth(input.shape().get(2)));
        return shape;
    }
}
