package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedSeparableLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;

/** The kinds of convolutions, all of them by {@link Conv2d}. */
final class ConvolutionForms {

    private ConvolutionForms() {}

    static Flow convolution(Node node, Flow in, Conversion c) {
        TensorType x = in.tensor();
        Window2d window = window((ConvolutionLayer) node.layer(), x);
        TensorType y = convolved(node, x, null, weights(node, x, window, 1), window, 1, c);
        return Flow.of(y, in.channelsLast());
    }

    /** A group for each input channel. */
    static Flow depthwise(Node node, Flow in, Conversion c) {
        TensorType x = in.tensor();
        int groups = x.size(0);
        Window2d window = window((ConvolutionLayer) node.layer(), x);
        TensorType y =
                convolved(node, x, null, weights(node, x, window, groups), window, groups, c);
        return Flow.of(y, in.channelsLast());
    }

    /** A depthwise convolution to the tensor inside the layer, and one of single pixels from it. */
    static Flow separable(Node node, Flow in, Conversion c) {
        TensorType x = in.tensor();
        Conversion.weighted(node, x);
        QuantizedSeparableLayer layer = (QuantizedSeparableLayer) node.running();
        QuantParams params = layer.innerParams();
        if (params == null) {
            throw new IllegalArgumentException(
                    "the tensor between its two parts is not quantized, or has seen no data; give"
                            + " it an innerQuant, and call Qat.calibrate");
        }
        Window2d window = window((ConvolutionLayer) node.layer(), x);
        IntegerWeights depthwise = layer.depthwiseWeights();
        Weights weights = weights(depthwise, depthwise.values(), 1, window);
        TensorType inner =
                new TensorType(
                        c.draft().unique(node.name() + ":inner"),
                        outputShape(weights, window, x),
                        params);
        Requantization mode = layer.quantization().requantization();
        c.draft().requireMode(mode);
        c.draft()
                .add(
                        new Conv2d(
                                node.name(),
                                x,
                                inner,
                                weights,
                                window,
                                x.size(0),
                                mode,
                                params.spec().qMin(),
                                params.spec().qMax()));
        IntegerWeights pointwise = layer.integerWeights();
        Window2d pixel = Window2d.of(1, 1);
        Weights last = weights(pointwise, pointwise.values(), inner.size(0), pixel);
        return Flow.of(convolved(node, inner, null, last, pixel, 1, c), in.channelsLast());
    }

    private static List<Integer> outputShape(Weights weights, Window2d window, TensorType x) {
        return List.of(
                weights.channels(), window.outputHeight(x.size(1)), window.outputWidth(x.size(2)));
    }

    /** A sequence is an image of one column. */
    static Flow sequence(Node node, Flow in, Conversion c) {
        TensorType x = in.tensor();
        TensorType image = c.draft().reshape(x, List.of(x.size(0), x.size(1), 1), node.name());
        Window2d window =
                Windows.fitting(image, column((Convolution1DLayer) node.layer(), x.size(1)));
        Weights weights = weights(node, x, window, 1);
        List<Integer> shape = List.of(weights.channels(), window.outputHeight(x.size(1)));
        return Flow.of(convolved(node, image, shape, weights, window, 1, c), in.channelsLast());
    }

    private static Window2d column(Convolution1DLayer conf, int steps) {
        int kernel = conf.getKernelSize()[0];
        int stride = conf.getStride()[0];
        int dilation = conf.getDilation()[0];
        int extent = (kernel - 1) * dilation + 1;
        if (conf.getConvolutionMode() == ConvolutionMode.Causal) {
            return new Window2d(kernel, 1, stride, 1, dilation, 1, extent - 1, 0, 0, 0);
        }
        if (conf.getConvolutionMode() == ConvolutionMode.Same
                && (steps - 1) / stride * stride + extent - steps < -1) {
            throw new IllegalArgumentException(
                    "mode Same with kernel "
                            + kernel
                            + " and stride "
                            + stride
                            + " skips steps at the beginning of a sequence; use mode Truncate");
        }
        return Windows.of(
                conf.getConvolutionMode(),
                new int[] {kernel, 1},
                new int[] {stride, 1},
                new int[] {conf.getPadding()[0], 0},
                new int[] {dilation, 1},
                steps,
                1);
    }

    /**
     * A transposed convolution: the input with zeros between its elements, under a kernel that is
     * turned around.
     */
    static Flow transposed(Node node, Flow in, Conversion c) {
        ConvolutionLayer conf = (ConvolutionLayer) node.layer();
        TensorType x = in.tensor();
        IntegerWeights integers = Conversion.weighted(node, x).integerWeights();
        TransposedWindow around =
                TransposedWindow.of(
                        conf.getConvolutionMode(),
                        conf.getKernelSize(),
                        conf.getStride(),
                        conf.getPadding(),
                        conf.getDilation(),
                        x.shape());
        TensorType spread = around.spread(node, x, c);
        Window2d window =
                Windows.fitting(
                        spread,
                        new Window2d(
                                conf.getKernelSize()[0],
                                conf.getKernelSize()[1],
                                1,
                                1,
                                conf.getDilation()[0],
                                conf.getDilation()[1],
                                around.before().get(0),
                                around.before().get(1),
                                around.after().get(0),
                                around.after().get(1)));
        int[] turned = TransposedWindow.turned(integers.values(), window.area());
        Weights weights = weights(integers, turned, x.size(0), window);
        return Flow.of(convolved(node, spread, null, weights, window, 1, c), in.channelsLast());
    }

    private static Weights weights(Node node, TensorType x, Window2d window, int groups) {
        IntegerWeights integers = Conversion.weighted(node, x).integerWeights();
        return weights(integers, integers.values(), x.size(0) / groups, window);
    }

    private static Weights weights(
            IntegerWeights integers, int[] values, int inputs, Window2d window) {
        return Weights.of(
                integers.params(),
                List.of(integers.channels(), inputs, window.kernelH(), window.kernelW()),
                values,
                integers.bias());
    }

    private static Window2d window(ConvolutionLayer conf, TensorType x) {
        return Windows.fitting(
                x,
                Windows.of(
                        conf.getConvolutionMode(),
                        conf.getKernelSize(),
                        conf.getStride(),
                        conf.getPadding(),
                        conf.getDilation(),
                        x.size(1),
                        x.size(2)));
    }

    /** A convolution and the layer's function; the result in another shape if one is given. */
    private static TensorType convolved(
            Node node,
            TensorType x,
            List<Integer> result,
            Weights weights,
            Window2d window,
            int groups,
            Conversion c) {
        List<Integer> shape = outputShape(weights, window, x);
        return c.activatedAs(
                node,
                LinearForms.function(node),
                shape,
                result == null ? shape : result,
                (y, low, high, mode) ->
                        c.draft()
                                .add(
                                        new Conv2d(
                                                node.name(),
                                                x,
                                                y,
                                                weights,
                                                window,
                                                groups,
                                                mode,
                                                low,
                                                high)));
    }
}
