package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.AveragePool2d;
import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.GlobalPool;
import io.github.dl4jqat.integer.Lookup;
import io.github.dl4jqat.integer.MaxPool2d;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

/** The operations of single layers. Reads scales and integers off the layers; computes none. */
final class LayerConverter {

    private final ModelDraft draft;

    LayerConverter(ModelDraft draft) {
        this.draft = draft;
    }

    TensorType convolution(Node node, TensorType input, IActivation f) {
        ConvolutionLayer conf = (ConvolutionLayer) node.layer();
        QuantizedWeightLayer layer = weighted(node, input);
        IntegerWeights integers = layer.integerWeights();
        Window2d window =
                fitting(
                        input,
                        Windows.of(
                                conf.getConvolutionMode(),
                                conf.getKernelSize(),
                                conf.getStride(),
                                conf.getPadding(),
                                conf.getDilation(),
                                input.shape().get(1),
                                input.shape().get(2)));
        int channels = integers.channels();
        Weights weights =
                Weights.of(
                        integers.params(),
                        List.of(channels, input.shape().get(0), window.kernelH(), window.kernelW()),
                        integers.values(),
                        integers.bias());
        List<Integer> shape =
                List.of(
                        channels,
                        window.outputHeight(input.shape().get(1)),
                        window.outputWidth(input.shape().get(2)));
        return activated(
                node,
                layer,
                f,
                shape,
                (output, low, high, mode) ->
                        draft.add(
                                new Conv2d(
                                        node.name(),
                                        input,
                                        output,
                                        weights,
                                        window,
                                        1,
                                        mode,
                                        low,
                                        high)));
    }

    TensorType dense(Node node, TensorType input, IActivation f) {
        QuantizedWeightLayer layer = weighted(node, input);
        IntegerWeights integers = layer.integerWeights();
        int outputs = integers.channels();
        int[] values = integers.values();
        Weights weights =
                Weights.of(
                        integers.params(),
                        List.of(outputs, values.length / outputs),
                        values,
                        integers.bias());
        return activated(
                node,
                layer,
                f,
                List.of(outputs),
                (output, low, high, mode) ->
                        draft.add(new Dense(node.name(), input, output, weights, mode, low, high)));
    }

    private interface Linear {
        void add(TensorType output, int low, int high, Requantization mode);
    }

    /** A linear op and its activation: bounds of the requantization, or a table after it. */
    private TensorType activated(
            Node node, QuantizedLayer layer, IActivation f, List<Integer> shape, Linear linear) {
        Requantization mode = layer.quantization().requantization();
        draft.requireMode(mode);
        QuantParams out = layer.outputParams();
        if (!ActivationTable.isNeeded(f, out.spec())) {
            TensorType output = new TensorType(draft.unique(node.name()), shape, out);
            int low = f == null ? out.spec().qMin() : ActivationTable.lowest(f, out);
            int high = f == null ? out.spec().qMax() : ActivationTable.highest(f, out);
            linear.add(output, low, high, mode);
            return output;
        }
        QuantParams pre = layer.preActivationParams();
        TensorType z = new TensorType(draft.unique(node.name() + ":pre"), shape, pre);
        linear.add(z, pre.spec().qMin(), pre.spec().qMax(), mode);
        return lookup(node, z, f == null ? new ActivationIdentity() : f, out);
    }

    /** An elementwise function on integers. */
    TensorType lookup(Node node, TensorType input, IActivation f, QuantParams out) {
        TensorType output = new TensorType(draft.unique(node.name()), input.shape(), out);
        draft.add(
                new Lookup(
                        node.name(), input, output, ActivationTable.table(f, input.params(), out)));
        return output;
    }

    /** Integers on one grid brought to another one. */
    TensorType requantized(Node node, TensorType input, QuantParams params) {
        TensorType output =
                new TensorType(draft.unique(node.name() + ":in"), input.shape(), params);
        int[] table = ActivationTable.table(new ActivationIdentity(), input.params(), params);
        draft.add(new Lookup(node.name(), input, output, table));
        return output;
    }

    TensorType maxPool(Node node, TensorType input) {
        Window2d window = pooling(node, input);
        TensorType output =
                new TensorType(draft.unique(node.name()), pooled(input, window), input.params());
        draft.add(new MaxPool2d(node.name(), input, output, window));
        return output;
    }

    TensorType averagePool(Node node, TensorType input) {
        QuantizedLayer layer = (QuantizedLayer) node.running();
        draft.requireMode(layer.quantization().requantization());
        Window2d window = pooling(node, input);
        TensorType output =
                new TensorType(
                        draft.unique(node.name()), pooled(input, window), layer.outputParams());
        draft.add(
                AveragePool2d.of(
                        node.name(),
                        input,
                        output,
                        window,
                        ((SubsamplingLayer) node.layer()).isAvgPoolIncludePadInDivisor(),
                        layer.quantization().requantization()));
        return output;
    }

    TensorType globalPool(Node node, TensorType input, boolean channelsLast) {
        GlobalPoolingLayer conf = (GlobalPoolingLayer) node.layer();
        requireSpatialAxes(conf.getPoolingDimensions(), channelsLast);
        PoolingType type = conf.getPoolingType();
        QuantParams out = input.params();
        GlobalPool.Kind kind = GlobalPool.Kind.MAX;
        if (type != PoolingType.MAX) {
            QuantizedLayer layer = (QuantizedLayer) node.running();
            out = layer.outputParams();
            kind = type == PoolingType.AVG ? GlobalPool.Kind.AVERAGE : GlobalPool.Kind.SUM;
            draft.requireMode(layer.quantization().requantization());
        }
        int channels = input.shape().get(0);
        TensorType output = new TensorType(draft.unique(node.name()), List.of(channels), out);
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
                            + (axes == null ? "[2, 3]" : java.util.Arrays.toString(axes))
                            + ", but height and width are "
                            + (channelsLast ? "[1, 2]" : "[2, 3]")
                            + "; set poolingDimensions to them");
        }
    }

    /** The end of the network: floats, under the output node's name with a suffix. */
    TensorType end(Node node, TensorType input, IActivation f) {
        boolean softmax = f instanceof ActivationSoftmax;
        TensorType floats =
                new TensorType(draft.unique(node.name() + ":float"), input.shape(), null);
        if (f == null || softmax) {
            draft.add(Dequantize.linear(node.name(), input, floats, softmax));
        } else {
            draft.add(
                    new Dequantize(
                            node.name(),
                            input,
                            floats,
                            ActivationTable.values(f, input.params()),
                            false));
        }
        draft.output(node.name(), floats.name());
        return floats;
    }

    private Window2d pooling(Node node, TensorType input) {
        SubsamplingLayer conf = (SubsamplingLayer) node.layer();
        return fitting(
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

    private static Window2d fitting(TensorType input, Window2d window) {
        if (window.outputHeight(input.shape().get(1)) < 1
                || window.outputWidth(input.shape().get(2)) < 1) {
            throw new IllegalArgumentException(
                    "its window does not fit into the input of shape " + input.shape());
        }
        return window;
    }

    private static List<Integer> pooled(TensorType input, Window2d window) {
        List<Integer> shape = new ArrayList<>(input.shape());
        shape.set(1, window.outputHeight(input.shape().get(1)));
        shape.set(2, window.outputWidth(input.shape().get(2)));
        return shape;
    }

    private static QuantizedWeightLayer weighted(Node node, TensorType input) {
        QuantizedWeightLayer layer = (QuantizedWeightLayer) node.running();
        if (layer.inputParams() != null && !layer.inputParams().equals(input.params())) {
            throw new IllegalArgumentException(
                    "it computes its bias for an input of "
                            + layer.inputParams()
                            + ", but gets one of "
                            + input.params()
                            + "; name the layer that quantizes its input with inputFrom");
        }
        if (layer.quantization().weight() != null
                && layer.quantization().weight().spec().granularity().kind()
                        == Granularity.Kind.PER_GROUP) {
            throw new IllegalArgumentException(
                    "its weights have a scale for each group, which one int32 accumulator cannot"
                            + " hold; use Quantizers.intPerChannel(bits)");
        }
        return layer;
    }
}
