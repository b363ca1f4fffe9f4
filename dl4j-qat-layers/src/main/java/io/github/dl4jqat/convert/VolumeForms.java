package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Conv3d;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window3d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;

/** Convolutions of volumes, by {@link Conv3d}. */
final class VolumeForms {

    private static final int AXES = 3;

    private VolumeForms() {}

    static Flow convolution(Node node, Flow in, Conversion c) {
        ConvolutionLayer conf = (ConvolutionLayer) node.layer();
        TensorType x = in.tensor();
        Window3d window =
                Windows.ofVolume(
                        conf.getConvolutionMode(),
                        conf.getKernelSize(),
                        conf.getStride(),
                        conf.getPadding(),
                        conf.getDilation(),
                        x);
        IntegerWeights integers = Conversion.weighted(node, x).integerWeights();
        return Flow.of(
                convolved(node, x, integers, integers.values(), window, c), in.channelsLast());
    }

    /** See {@link ConvolutionForms#transposed}. */
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
        Window3d window =
                new Window3d(
                        Windows.ints(conf.getKernelSize()),
                        List.of(1, 1, 1),
                        Windows.ints(conf.getDilation()),
                        around.before(),
                        around.after());
        int taps = window.kernel().stream().reduce(1, (a, b) -> a * b);
        int[] turned = TransposedWindow.turned(integers.values(), taps);
        return Flow.of(convolved(node, spread, integers, turned, window, c), in.channelsLast());
    }

    private static TensorType convolved(
            Node node,
            TensorType x,
            IntegerWeights integers,
            int[] values,
            Window3d window,
            Conversion c) {
        List<Integer> weightShape = new ArrayList<>(List.of(integers.channels(), x.size(0)));
        weightShape.addAll(window.kernel());
        Weights weights = Weights.of(integers.params(), weightShape, values, integers.bias());
        List<Integer> shape = new ArrayList<>(List.of(integers.channels()));
        for (int axis = 0; axis < AXES; axis++) {
            shape.add(window.outputs(axis, x.size(axis + 1)));
        }
        return c.activated(
                node,
                LinearForms.function(node),
                List.copyOf(shape),
                (y, low, high, mode) ->
                        c.draft()
                                .add(
                                        new Conv3d(
                                                node.name(),
                                                x,
                                                y,
                                                weights,
                                                window,
                                                1,
                                                mode,
                                                low,
                                                high)));
    }
}
