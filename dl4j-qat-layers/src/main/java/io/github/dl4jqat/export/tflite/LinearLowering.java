package io.github.dl4jqat.export.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.function.ToIntFunction;
import org.tensorflow.lite.schema.Conv2DOptions;
import org.tensorflow.lite.schema.DepthwiseConv2DOptions;
import org.tensorflow.lite.schema.Padding;

/** Convolutions and dense layers. */
final class LinearLowering {

    /** The first version of FULLY_CONNECTED with a scale for each output. */
    private static final int PER_CHANNEL_VERSION = 12;

    private LinearLowering() {}

    static void conv(Lowering to, Conv2d op) {
        boolean depthwise = op.groups() == op.input().size(0) && op.groups() > 1;
        int input = padded(to, op.name(), op.input(), op.output(), op.window());
        byte scheme = Padding2d.of(op.input(), op.output(), op.window()).scheme();
        int bias = bias(to, op.name(), op.input(), op.weights());
        to.clamped(
                op.output(),
                op.low(),
                op.high(),
                (output, activation) -> {
                    if (depthwise) {
                        int multiplier = op.weights().channels() / op.groups();
                        int weights = depthwise(to, op.name(), op.weights());
                        depthwise(
                                to,
                                op.window(),
                                scheme,
                                multiplier,
                                activation,
                                output,
                                input,
                                weights,
                                bias);
                    } else {
                        to.graph()
                                .node(
                                        TfOp.CONV_2D,
                                        conv(scheme, op.window(), activation),
                                        output,
                                        input,
                                        channelsLast(to, op.name(), op.weights()),
                                        bias);
                    }
                });
    }

    static ToIntFunction<FlatBufferBuilder> conv(byte scheme, Window2d w, byte activation) {
        return fb ->
                Conv2DOptions.createConv2DOptions(
                        fb,
                        scheme,
                        w.strideW(),
                        w.strideH(),
                        activation,
                        w.dilationW(),
                        w.dilationH());
    }

    static void depthwise(
            Lowering to,
            Window2d window,
            byte scheme,
            int multiplier,
            byte activation,
            int output,
            int input,
            int weights,
            int bias) {
        to.graph()
                .node(
                        TfOp.DEPTHWISE_CONV_2D,
                        fb ->
                                DepthwiseConv2DOptions.createDepthwiseConv2DOptions(
                                        fb,
                                        scheme,
                                        window.strideW(),
                                        window.strideH(),
                                        multiplier,
                                        activation,
                                        window.dilationW(),
                                        window.dilationH()),
                        output,
                        input,
                        weights,
                        bias);
    }

    /** The input of a window, with zero points around it where TFLite has no name for that. */
    static int padded(
            Lowering to, String name, TensorType input, TensorType output, Window2d window) {
        Padding2d padding = Padding2d.of(input, output, window);
        if (!padding.isExplicit()) {
            return to.tensor(input);
        }
        int result = to.int8(name + "/padded", input, paddedShape(input, padding));
        to.graph()
                .node(TfOp.PAD, Options.PAD, result, to.tensor(input), paddings(to, name, padding));
        return result;
    }

    static List<Integer> paddedShape(TensorType input, Padding2d p) {
        return List.of(
                input.size(1) + p.top() + p.bottom(),
                input.size(2) + p.left() + p.right(),
                input.size(0));
    }

    static int paddings(Lowering to, String name, Padding2d p) {
        int[] perAxis = {0, 0, p.top(), p.bottom(), p.left(), p.right(), 0, 0};
        return to.graph().ints(name + "/paddings", List.of(perAxis.length / 2, 2), perAxis, null);
    }

    /** From {@code [O, I, kH, kW]} to {@code [O, kH, kW, I]}. */
    private static int channelsLast(Lowering to, String name, Weights weights) {
        requireBytes(weights);
        List<Integer> s = weights.shape();
        int taps = s.get(2) * s.get(3);
        int channels = s.get(1);
        byte[] data = new byte[weights.elements()];
        for (int i = 0; i < data.length; i++) {
            int tap = i % taps;
            int channel = i / taps % channels;
            int output = i / taps / channels;
            data[(output * taps + tap) * channels + channel] = (byte) weights.get(i);
        }
        List<Integer> shape = List.of(s.get(0), s.get(2), s.get(3), channels);
        return to.graph().bytes(name + "/weights", shape, data, scales(weights, 0));
    }

    /** From {@code [O, 1, kH, kW]} to {@code [1, kH, kW, O]}. */
    private static int depthwise(Lowering to, String name, Weights weights) {
        requireBytes(weights);
        List<Integer> s = weights.shape();
        int taps = s.get(2) * s.get(3);
        int outputs = s.get(0);
        byte[] data = new byte[weights.elements()];
        for (int i = 0; i < data.length; i++) {
            data[i % taps * outputs + i / taps] = (byte) weights.get(i);
        }
        List<Integer> shape = List.of(1, s.get(2), s.get(3), outputs);
        return to.graph().bytes(name + "/weights", shape, data, scales(weights, 3));
    }

    static void dense(Lowering to, Dense op) {
        Weights weights = op.weights();
        requireBytes(weights);
        int inputs = op.input().elements();
        int[] order = to.order(op.input());
        byte[] data = new byte[weights.elements()];
        for (int i = 0; i < data.length; i++) {
            int column = order == null ? i % inputs : order[i % inputs];
            data[i] = (byte) weights.get(i - i % inputs + column);
        }
        int bias = bias(to, op.name(), op.input(), weights);
        if (to.denseAsConvolution()) {
            pixel(to, op, data, bias);
            return;
        }
        int matrix =
                to.graph().bytes(op.name() + "/weights", weights.shape(), data, scales(weights, 0));
        boolean perChannel = weights.params().size() > 1;
        int version = perChannel ? PER_CHANNEL_VERSION : TfOp.FULLY_CONNECTED.version();
        to.clamped(
                op.output(),
                op.low(),
                op.high(),
                (output, activation) ->
                        to.graph()
                                .node(
                                        TfOp.FULLY_CONNECTED,
                                        version,
                                        Options.fullyConnected(activation),
                                        output,
                                        List.of(to.tensor(op.input()), matrix, bias)));
    }

    /** A dense layer as a convolution of an image of one pixel. */
    private static void pixel(Lowering to, Dense op, byte[] data, int bias) {
        int inputs = op.input().elements();
        int outputs = op.output().elements();
        int image = to.int8(op.name() + "/pixel", op.input(), List.of(1, 1, inputs));
        ShapeLowering.reshape(to, op.name() + "/pixel", to.tensor(op.input()), image);
        int kernel =
                to.graph()
                        .bytes(
                                op.name() + "/weights",
                                List.of(outputs, 1, 1, inputs),
                                data,
                                scales(op.weights(), 0));
        to.clamped(
                op.output(),
                op.low(),
                op.high(),
                (output, activation) -> {
                    int result =
                            to.graph().like(output, op.name() + "/image", List.of(1, 1, outputs));
                    to.graph()
                            .node(
                                    TfOp.CONV_2D,
                                    conv(Padding.VALID, Window2d.of(1, 1), activation),
                                    result,
                                    image,
                                    kernel,
                                    bias);
                    ShapeLowering.reshape(to, op.name(), result, output);
                });
    }

    private static int bias(Lowering to, String name, TensorType input, Weights weights) {
        float[] scales = weights.params().scales();
        for (int c = 0; c < scales.length; c++) {
            scales[c] = Requantizer.accumulatorScale(input.params().scale(), scales[c]);
        }
        return to.graph()
                .ints(
                        name + "/bias",
                        List.of(weights.channels()),
                        weights.biases(),
                        new TfGraph.Scales(scales, 0, 0));
    }

    private static TfGraph.Scales scales(Weights weights, int axis) {
        return new TfGraph.Scales(weights.params().scales(), 0, axis);
    }

    private static void requireBytes(Weights weights) {
        if (weights.params().spec().bits() > Byte.SIZE) {
            throw new NotSupported("int8 weights have 8 bits, " + weights + " have more");
        }
    }
}
