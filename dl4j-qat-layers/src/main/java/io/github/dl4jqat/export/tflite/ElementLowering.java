package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.FloatSoftmax;
import io.github.dl4jqat.integer.LocalResponseNorm;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Window2d;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.lite.schema.ActivationFunctionType;
import org.tensorflow.lite.schema.Padding;

/** Sums, differences, products and maxima, and the float operations that TFLite has. */
final class ElementLowering {

    private ElementLowering() {}

    static void combine(Lowering to, Combine op) {
        switch (op.kind()) {
            case SUM -> {
                if (op.inputs().size() == 2) {
                    pair(to, op, TfOp.ADD);
                } else {
                    convolution(to, op);
                }
            }
            case AVERAGE -> convolution(to, op);
            case SUBTRACT -> pair(to, op, TfOp.SUB);
            case PRODUCT -> pair(to, op, TfOp.MUL);
            case MAX -> max(to, op);
        }
    }

    private static void pair(Lowering to, Combine op, TfOp operator) {
        requireAxes(operator, op);
        int a = to.tensor(op.inputs().get(0));
        int b = to.tensor(op.inputs().get(1));
        to.clamped(
                op.output(),
                op.low(),
                op.high(),
                (output, activation) ->
                        to.graph()
                                .node(
                                        operator,
                                        switch (operator) {
                                            case ADD -> Options.add(activation);
                                            case SUB -> Options.subtract(activation);
                                            default -> Options.multiply(activation);
                                        },
                                        output,
                                        a,
                                        b));
    }

    private static void max(Lowering to, Combine op) {
        requireAxes(TfOp.MAXIMUM, op);
        int last = op.inputs().size() - 1;
        int current = to.tensor(op.inputs().get(0));
        for (int i = 1; i <= last; i++) {
            // Inputs may be repeated along an axis, so only the end surely has the output's shape.
            if (i < last && !sameShapes(op)) {
                throw new NotSupported("MAXIMUM takes two tensors; these are of several shapes");
            }
            int result =
                    i == last
                            ? to.tensor(op.output())
                            : to.graph().like(current, op.name() + "/max");
            int next = to.tensor(op.inputs().get(i));
            to.graph().node(TfOp.MAXIMUM, Options.MAXIMUM_MINIMUM, result, current, next);
            current = result;
        }
    }

    private static void requireAxes(TfOp operator, Combine op) {
        boolean repeats = !sameShapes(op);
        if (repeats && op.output().rank() > 3) {
            throw new NotSupported(
                    operator
                            + " repeats along up to 4 axes with the batch, here is "
                            + op.output());
        }
    }

    private static boolean sameShapes(Combine op) {
        return op.inputs().stream().allMatch(in -> in.shape().equals(op.output().shape()));
    }

    /**
     * TFLite adds two tensors at a time and knows no mean. A concatenation and a convolution with
     * ones, whose weight scale is 1 or {@code 1f / n}, is the same sum with one rounding.
     */
    private static void convolution(Lowering to, Combine op) {
        TensorType first = op.inputs().get(0);
        boolean alike = op.inputs().stream().allMatch(in -> in.params().equals(first.params()));
        if (!alike || !sameShapes(op) || first.rank() > 3) {
            throw new NotSupported(
                    "a "
                            + op.kind()
                            + " of "
                            + op.inputs().size()
                            + " tensors becomes a convolution over all of them, which needs images,"
                            + " sequences or vectors of one shape, scale and zero point");
        }
        int n = op.inputs().size();
        int channels = first.size(0);
        int height = first.rank() == 3 ? first.size(1) : 1;
        int width = first.rank() == 1 ? 1 : first.size(first.rank() - 1);
        Integer[] images =
                op.inputs().stream()
                        .map(in -> image(to, op.name(), in, height, width))
                        .toArray(Integer[]::new);
        List<Integer> wide = List.of(height, width, n * channels);
        int together = to.int8(op.name() + "/together", first, wide);
        to.graph().node(TfOp.CONCATENATION, Options.concatenation(3), together, images);
        byte[] ones = new byte[Math.multiplyExact(channels * channels, n)];
        for (int i = 0; i < ones.length; i++) {
            int output = i / (n * channels);
            ones[i] = (byte) (i % channels == output ? 1 : 0);
        }
        float[] scales = new float[channels];
        Arrays.fill(scales, op.weightScale());
        int weights =
                to.graph()
                        .bytes(
                                op.name() + "/ones",
                                List.of(channels, 1, 1, n * channels),
                                ones,
                                new TfGraph.Scales(scales, 0, 0));
        Arrays.fill(scales, first.params().scale() * op.weightScale());
        int bias =
                to.graph()
                        .ints(
                                op.name() + "/zeros",
                                List.of(channels),
                                new int[channels],
                                new TfGraph.Scales(scales, 0, 0));
        to.clamped(
                op.output(),
                op.low(),
                op.high(),
                (output, activation) -> {
                    boolean image = first.rank() == 3;
                    int result =
                            image
                                    ? output
                                    : to.graph()
                                            .like(
                                                    output,
                                                    op.name() + "/image",
                                                    List.of(height, width, channels));
                    to.graph()
                            .node(
                                    TfOp.CONV_2D,
                                    LinearLowering.conv(
                                            Padding.VALID, Window2d.of(1, 1), activation),
                                    result,
                                    together,
                                    weights,
                                    bias);
                    if (!image) {
                        ShapeLowering.reshape(to, op.name(), result, output);
                    }
                });
    }

    private static int image(Lowering to, String name, TensorType in, int height, int width) {
        if (in.rank() == 3) {
            return to.tensor(in);
        }
        int image = to.int8(name + "/image", in, List.of(height, width, in.size(0)));
        ShapeLowering.reshape(to, name, to.tensor(in), image);
        return image;
    }

    static void softmax(Lowering to, FloatSoftmax op) {
        to.graph()
                .node(TfOp.SOFTMAX, Options.SOFTMAX, to.tensor(op.output()), to.tensor(op.input()));
    }

    static void localResponse(Lowering to, LocalResponseNorm op) {
        if (op.input().rank() != 3) {
            throw new NotSupported(
                    "LOCAL_RESPONSE_NORMALIZATION takes an image, here is " + op.input());
        }
        to.graph()
                .node(
                        TfOp.LOCAL_RESPONSE_NORMALIZATION,
                        Options.localResponse(
                                op.n() / 2, (float) op.k(), (float) op.alpha(), (float) op.beta()),
                        to.tensor(op.output()),
                        to.tensor(op.input()));
    }

    /** For operators that can do no more than none. */
    static boolean isNone(byte activation) {
        return activation == ActivationFunctionType.NONE;
    }
}
