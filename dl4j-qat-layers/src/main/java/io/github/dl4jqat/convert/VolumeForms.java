package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Conv3d;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window3d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;

/** Convolutions of volumes, by {@link Conv3d}. */
final class VolumeForms {

    private static final int AXES = 3;

    private VolumeForms() {}

    static Flow convolution(Node node, Flow in, Conversion c) {
        ConvolutionLayer conf = (ConvolutionLayer) node.layer();
        TensorType x = in.tensor();
        int[] before = new int[AXES];
        int[] after = new int[AXES];
        for (int axis = 0; axis < AXES; axis++) {
            int extent = extent(conf, axis);
            int stride = conf.getStride()[axis];
            int size = x.size(axis + 1);
            boolean same = conf.getConvolutionMode() == ConvolutionMode.Same;
            int missing = (size - 1) / stride * stride + extent - size;
            if (same && missing < -1) {
                throw new IllegalArgumentException(
                        "mode Same with strides "
                                + ints(conf.getStride())
                                + " skips elements at the beginning of the volume "
                                + x.shape()
                                + "; use mode Truncate");
            }
            before[axis] = same ? Math.max(0, missing) / 2 : conf.getPadding()[axis];
            after[axis] = same ? Math.max(0, missing) - before[axis] : before[axis];
        }
        Window3d window =
                new Window3d(
                        ints(conf.getKernelSize()),
                        ints(conf.getStride()),
                        ints(conf.getDilation()),
                        ints(before),
                        ints(after));
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
                        ints(conf.getKernelSize()),
                        List.of(1, 1, 1),
                        ints(conf.getDilation()),
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

    private static int extent(ConvolutionLayer conf, int axis) {
        return (conf.getKernelSize()[axis] - 1) * conf.getDilation()[axis] + 1;
    }

    private static List<Integer> ints(int[] values) {
        List<Integer> list = new ArrayList<>();
        for (int value : values) {
            list.add(value);
        }
        return List.copyOf(list);
    }
}
