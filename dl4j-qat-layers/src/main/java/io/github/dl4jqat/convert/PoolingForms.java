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
import java.util.List;
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
                (x, draft) -> {
                    Window2d window = window(node, x);
                    TensorType y =
                            new TensorType(
                                    draft.unique(node.name()), pooled(x, window), x.params());
                    draft.add(new MaxPool2d(node.name(), x, y, window));
                    return y;
                });
    }

    static Flow average(Node node, Flow in, Conversion c) {
        TensorType x = in.tensor();
        QuantizedLayer layer = (QuantizedLayer) node.running();
        c.draft().requireMode(layer.quantization().requantization());
        Window2d window = window(node, x);
        TensorType y =
                new TensorType(
                        c.draft().unique(node.name()), pooled(x, window), layer.outputParams());
        c.draft()
                .add(
                        AveragePool2d.of(
                                node.name(),
                                x,
                                y,
                                window,
                                ((SubsamplingLayer) node.layer()).isAvgPoolIncludePadInDivisor(),
                                layer.quantization().requantization()));
        return Flow.of(y, in.channelsLast());
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
        return Flow.of(y, in.channelsLast());
    }

    private static TensorType global(
            Node node,
            TensorType input,
            boolean channelsLast,
            GlobalPool.Kind kind,
            QuantParams params,
            ModelDraft draft) {
        GlobalPoolingLayer conf = (GlobalPoolingLayer) node.layer();
        requireSpatialAxes(conf.getPoolingDimensions(), channelsLast);
        int channels = input.shape().get(0);
        TensorType output = new TensorType(draft.unique(node.name()), List.of(channels), params);
        draft.add(GlobalPool.of(node.name(), input, output, kind, draft.mode()));
        return conf.isCollapseDimensions()
                ? output
                : draft.reshape(output, List.of(channels, 1, 1), node.name());
    }

    private static void requireSpatialAxes(int[] axes, boolean channelsLast) {
        int first = channelsLast ? 1 : 2;
        boolean spatial =
                axes == null
                        ? !channelsLast
                        : axes.length == 2
                                && Math.min(axes[0], axes[1]) == first
                                && Math.max(axes[0], axes[1]) == first + 1;
        if (!spatial) {
            throw new IllegalArgumentException(
                    "pools over the axes "
                            + (axes == null ? "[2, 3]" : Arrays.toString(axes))
                            + ", but height and width are "
                            + (channelsLast ? "[1, 2]" : "[2, 3]")
                            + "; set poolingDimensions to them");
        }
    }

    private static Window2d window(Node node, TensorType input) {
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

    private static List<Integer> pooled(TensorType input, Window2d window) {
        List<Integer> shape = new ArrayList<>(input.shape());
        shape.set(1, window.outputHeight(input.shape().get(1)));
        shape.set(2, window.outputWidth(input.shape().get(2)));
        return shape;
    }
}
