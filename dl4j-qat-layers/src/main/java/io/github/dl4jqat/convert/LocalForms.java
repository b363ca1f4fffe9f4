package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Reshape;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLocalConfiguration;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;

/**
 * Convolutions whose positions each have weights of their own, by two of {@link Conv2d}. The first
 * only copies: a kernel of a single one for each number under the window, {@code [C, H, W]} to
 * {@code [C * kH * kW, H', W']}, exact because input and output have the same scale. Behind it the
 * positions are channels, and the second has a group for each of them.
 */
final class LocalForms {

    private LocalForms() {}

    static Flow image(Node node, Flow in, Conversion c) {
        LocallyConnected2D conf = (LocallyConnected2D) node.layer();
        int[] before = conf.getPadding();
        int[] after = conf.getCm() == ConvolutionMode.Same ? conf.getPaddingBr() : before;
        Window2d window = window(conf.getKernel(), conf.getStride(), before, after);
        int[] size = conf.getOutputSize();
        List<Integer> shape = List.of(Math.toIntExact(conf.getNOut()), size[0], size[1]);
        return Flow.of(positions(node, in.tensor(), window, size, shape, c), in.channelsLast());
    }

    /** A sequence is an image of one column. */
    static Flow sequence(Node node, Flow in, Conversion c) {
        LocallyConnected1D conf = (LocallyConnected1D) node.layer();
        int after = conf.getCm() == ConvolutionMode.Same ? conf.getPaddingR() : conf.getPadding();
        Window2d window =
                window(
                        new int[] {conf.getKernel(), 1},
                        new int[] {conf.getStride(), 1},
                        new int[] {conf.getPadding(), 0},
                        new int[] {after, 0});
        TensorType x = in.tensor();
        TensorType column = c.draft().reshape(x, List.of(x.size(0), x.size(1), 1), node.name());
        int steps = conf.getOutputSize();
        List<Integer> shape = List.of(Math.toIntExact(conf.getNOut()), steps);
        return Flow.of(
                positions(node, column, window, new int[] {steps, 1}, shape, c), in.channelsLast());
    }

    /** Padding below zero, which mode Same may say, means none. */
    private static Window2d window(int[] kernel, int[] stride, int[] before, int[] after) {
        return Window2d.of(kernel[0], kernel[1])
                .withStride(stride[0], stride[1])
                .withPads(
                        Math.max(0, before[0]),
                        Math.max(0, before[1]),
                        Math.max(0, after[0]),
                        Math.max(0, after[1]));
    }

    private static TensorType positions(
            Node node,
            TensorType x,
            Window2d window,
            int[] size,
            List<Integer> shape,
            Conversion c) {
        IntegerWeights integers = Conversion.weighted(node, x).integerWeights();
        if (window.outputHeight(x.size(1)) != size[0] || window.outputWidth(x.size(2)) != size[1]) {
            throw new IllegalArgumentException(
                    "its window on an input of shape "
                            + x.shape()
                            + " has another number of positions than the layer has weights for, "
                            + size[0]
                            + " x "
                            + size[1]
                            + "; set the input type of the network, and use mode Truncate");
        }
        int positions = size[0] * size[1];
        TensorType patches = copied(node, x, window, size, c);
        // Deeplearning4j lists the windows column by column.
        TensorType listed = c.draft().transpose(patches, List.of(2, 1, 0), node.name());
        TensorType grouped =
                c.draft().reshape(listed, List.of(listed.elements(), 1, 1), node.name());
        Weights weights = weights(integers, positions, patches.size(0));
        return c.activated(
                node,
                ((QuantizedLocalConfiguration) node.layer()).function(),
                shape,
                (y, low, high, mode) -> {
                    ModelDraft draft = c.draft();
                    TensorType products =
                            new TensorType(
                                    draft.unique(node.name() + ":positions"),
                                    List.of(weights.channels(), 1, 1),
                                    y.params());
                    draft.add(
                            new Conv2d(
                                    node.name(),
                                    grouped,
                                    products,
                                    weights,
                                    Window2d.of(1, 1),
                                    positions,
                                    mode,
                                    low,
                                    high));
                    List<Integer> pairs = List.of(positions, integers.channels());
                    TensorType split = draft.reshape(products, pairs, node.name());
                    TensorType channels = draft.transpose(split, List.of(1, 0), node.name());
                    draft.add(new Reshape(node.name(), channels, y));
                });
    }

    /** The numbers under each window as channels: {@code [C * kH * kW, H', W']}. */
    private static TensorType copied(
            Node node, TensorType x, Window2d window, int[] size, Conversion c) {
        int area = window.area();
        int channels = x.size(0) * area;
        int[] ones = new int[channels * area];
        for (int channel = 0; channel < channels; channel++) {
            ones[channel * area + channel % area] = 1;
        }
        Weights weights =
                Weights.of(
                        QuantParams.of(Quantizers.int8PerTensor(), 1, 0),
                        List.of(channels, 1, window.kernelH(), window.kernelW()),
                        ones,
                        new int[channels]);
        TensorType patches =
                new TensorType(
                        c.draft().unique(node.name() + ":patches"),
                        List.of(channels, size[0], size[1]),
                        x.params());
        c.draft()
                .add(
                        new Conv2d(
                                node.name(),
                                x,
                                patches,
                                weights,
                                window,
                                x.size(0),
                                c.draft().mode(),
                                x.params().spec().qMin(),
                                x.params().spec().qMax()));
        return patches;
    }

    /** From output channel, position, input to position, output channel, input. */
    private static Weights weights(IntegerWeights integers, int positions, int features) {
        int outputs = integers.channels();
        int[] values = integers.values();
        int[] bias = integers.bias();
        int[] moved = new int[values.length];
        int[] biases = new int[positions * outputs];
        float[] scales = new float[positions * outputs];
        for (int p = 0; p < positions; p++) {
            for (int o = 0; o < outputs; o++) {
                int to = p * outputs + o;
                System.arraycopy(
                        values, (o * positions + p) * features, moved, to * features, features);
                biases[to] = bias[o];
                scales[to] = integers.params().scale(o);
            }
        }
        QuantParams own = integers.params();
        QuantParams repeated =
                own.size() == 1 ? own : QuantParams.of(own.spec(), scales, own.zeroPoint());
        return Weights.of(repeated, List.of(biases.length, features, 1, 1), moved, biases);
    }
}
