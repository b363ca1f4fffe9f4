package io.github.dl4jqat.export.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import io.github.dl4jqat.integer.AveragePool2d;
import io.github.dl4jqat.integer.GlobalPool;
import io.github.dl4jqat.integer.MaxPool2d;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Window2d;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;
import org.tensorflow.lite.schema.ActivationFunctionType;
import org.tensorflow.lite.schema.Padding;
import org.tensorflow.lite.schema.Pool2DOptions;

/**
 * Pooling. TFLite's own mean keeps the scale of its input and rounds half away from zero; ours has
 * a scale of its own. So a mean is a depthwise convolution with ones, whose weight scale is {@code
 * 1f / n}: the same sum and the same factor.
 */
final class PoolLowering {

    private PoolLowering() {}

    static void max(Lowering to, MaxPool2d op) {
        Window2d w = op.window();
        if ((w.dilationH() > 1 && w.kernelH() > 1) || (w.dilationW() > 1 && w.kernelW() > 1)) {
            throw new NotSupported("MAX_POOL_2D has no dilation, the window is " + w);
        }
        Padding2d padding = Padding2d.of(op.input(), op.output(), w);
        int input = to.tensor(op.input());
        if (padding.isExplicit()) {
            // The lowest integer never wins, for every window covers a real element.
            int padded =
                    to.int8(
                            op.name() + "/padded",
                            op.input(),
                            LinearLowering.paddedShape(op.input(), padding));
            int lowest =
                    to.graph()
                            .bytes(
                                    op.name() + "/lowest",
                                    List.of(1),
                                    new byte[] {Byte.MIN_VALUE},
                                    Lowering.grid(op.input()).scales());
            int paddings = LinearLowering.paddings(to, op.name(), padding);
            to.graph().node(TfOp.PADV2, Options.PADV2, padded, input, paddings, lowest);
            input = padded;
        }
        to.graph().node(TfOp.MAX_POOL_2D, pool(padding.scheme(), w), to.tensor(op.output()), input);
    }

    private static ToIntFunction<FlatBufferBuilder> pool(byte scheme, Window2d w) {
        return fb ->
                Pool2DOptions.createPool2DOptions(
                        fb,
                        scheme,
                        w.strideW(),
                        w.strideH(),
                        w.kernelW(),
                        w.kernelH(),
                        ActivationFunctionType.NONE);
    }

    static void average(Lowering to, AveragePool2d op) {
        Window2d w = op.window();
        int divisor = op.divisor(0, 0);
        for (int y = 0; y < op.output().size(1); y++) {
            for (int x = 0; x < op.output().size(2); x++) {
                if (op.divisor(y, x) != divisor) {
                    throw new NotSupported(
                            "a convolution divides by one number everywhere, here the number of"
                                    + " real elements under the window differs, "
                                    + divisor
                                    + " and "
                                    + op.divisor(y, x)
                                    + "; count padding in the divisor");
                }
            }
        }
        int input = LinearLowering.padded(to, op.name(), op.input(), op.output(), w);
        byte scheme = Padding2d.of(op.input(), op.output(), w).scheme();
        int weights = ones(to, op.name(), op.input(), w.kernelH(), w.kernelW(), 1f / divisor);
        int bias = zeros(to, op.name(), op.input(), 1f / divisor);
        to.clamped(
                op.output(),
                op.low(),
                op.high(),
                (output, activation) ->
                        LinearLowering.depthwise(
                                to, w, scheme, 1, activation, output, input, weights, bias));
    }

    static void global(Lowering to, GlobalPool op) {
        TensorType in = op.input();
        Window2d w = Window2d.of(in.size(1), in.size(2));
        if (op.kind() == GlobalPool.Kind.MAX) {
            int image = to.int8(op.name() + "/image", op.output(), List.of(1, 1, in.size(0)));
            to.graph().node(TfOp.MAX_POOL_2D, pool(Padding.VALID, w), image, to.tensor(in));
            ShapeLowering.reshape(to, op.name(), image, to.tensor(op.output()));
            return;
        }
        int weights = ones(to, op.name(), in, w.kernelH(), w.kernelW(), op.weightScale());
        int bias = zeros(to, op.name(), in, op.weightScale());
        to.clamped(
                op.output(),
                op.low(),
                op.high(),
                (output, activation) -> {
                    int image =
                            to.graph()
                                    .like(output, op.name() + "/image", List.of(1, 1, in.size(0)));
                    LinearLowering.depthwise(
                            to,
                            w,
                            Padding.VALID,
                            1,
                            activation,
                            image,
                            to.tensor(in),
                            weights,
                            bias);
                    ShapeLowering.reshape(to, op.name(), image, output);
                });
    }

    private static int ones(
            Lowering to, String name, TensorType input, int kernelH, int kernelW, float scale) {
        int channels = input.size(0);
        byte[] ones = new byte[Math.multiplyExact(kernelH * kernelW, channels)];
        Arrays.fill(ones, (byte) 1);
        return to.graph()
                .bytes(
                        name + "/ones",
                        List.of(1, kernelH, kernelW, channels),
                        ones,
                        new TfGraph.Scales(same(channels, scale), 0, 3));
    }

    private static int zeros(Lowering to, String name, TensorType input, float scale) {
        int channels = input.size(0);
        float[] scales = same(channels, input.params().scale() * scale);
        return to.graph()
                .ints(
                        name + "/zeros",
                        List.of(channels),
                        new int[channels],
                        new TfGraph.Scales(scales, 0, 0));
    }

    private static float[] same(int count, float value) {
        float[] all = new float[count];
        Arrays.fill(all, value);
        return all;
    }
}
