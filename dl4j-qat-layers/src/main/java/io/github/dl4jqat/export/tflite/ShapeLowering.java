package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.Concat;
import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.Pad;
import io.github.dl4jqat.integer.Reshape;
import io.github.dl4jqat.integer.Reverse;
import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.Spread;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Transpose;
import io.github.dl4jqat.integer.Upsample;
import java.util.ArrayList;
import java.util.List;

/** Operations that move integers and change none. */
final class ShapeLowering {

    /** Most axes, batch included, that TFLite's kernels for moving take. */
    private static final int MOST_AXES = 5;

    private ShapeLowering() {}

    /** Gives one tensor of the graph the shape of another. */
    static void reshape(Lowering to, String name, int from, int target) {
        List<Integer> shape = to.graph().tensors().get(target).shape();
        int[] sizes = new int[shape.size() + 1];
        sizes[0] = -1;
        for (int i = 0; i < shape.size(); i++) {
            sizes[i + 1] = shape.get(i);
        }
        int constant = to.graph().ints(name + "/shape", sizes);
        to.graph().node(TfOp.RESHAPE, Options.reshape(sizes), target, from, constant);
    }

    private static void transpose(Lowering to, String name, int from, int target, int[] axes) {
        if (axes.length > MOST_AXES) {
            throw new NotSupported(
                    "TRANSPOSE takes up to " + MOST_AXES + " axes, here are " + axes.length);
        }
        int constant = to.graph().ints(name + "/axes", axes);
        to.graph().node(TfOp.TRANSPOSE, Options.TRANSPOSE, target, from, constant);
    }

    static void transpose(Lowering to, Transpose op) {
        transpose(
                to,
                op.name(),
                to.tensor(op.input()),
                to.tensor(op.output()),
                Layout.permutation(op.permutation()));
    }

    static void reshape(Lowering to, Reshape op) {
        TensorType in = op.input();
        TensorType out = op.output();
        int source = to.tensor(in);
        boolean channelsStay = in.size(0) == out.size(0);
        if (channelsStay || (Layout.sameOrder(in) && Layout.sameOrder(out))) {
            reshape(to, op.name(), source, to.tensor(out));
            return;
        }
        if (out.rank() == 1 && feedsOnlyDense(to, out)) {
            // Nothing moves: the columns of the weights follow instead.
            to.ordered(out, Layout.order(in));
            reshape(to, op.name(), source, to.tensor(out));
            return;
        }
        int current = source;
        if (!Layout.sameOrder(in)) {
            current = to.int8(op.name() + "/channels_first", in, in.shape());
            transpose(to, op.name(), source, current, Layout.toModel(in.rank()));
        }
        if (Layout.sameOrder(out)) {
            reshape(to, op.name(), current, to.tensor(out));
            return;
        }
        int shaped = to.int8(op.name() + "/reshaped", out, out.shape());
        reshape(to, op.name(), current, shaped);
        transpose(to, op.name(), shaped, to.tensor(out), Layout.fromModel(out.rank()));
    }

    private static boolean feedsOnlyDense(Lowering to, TensorType vector) {
        return to.readers(vector).stream().allMatch(Dense.class::isInstance);
    }

    static void concat(Lowering to, Concat op) {
        TensorType out = op.output();
        to.graph()
                .node(
                        TfOp.CONCATENATION,
                        Options.concatenation(Layout.axis(out.rank(), op.axis())),
                        to.tensor(out),
                        op.inputs().stream().map(to::tensor).toArray(Integer[]::new));
    }

    static void slice(Lowering to, Slice op) {
        List<Integer> begin = new ArrayList<>(Layout.lastly(op.begin()));
        List<Integer> size = new ArrayList<>(Layout.shape(op.output()));
        begin.add(0, 0);
        size.add(0, -1);
        requireAxes("SLICE", op.input());
        slice(to, op.name(), to.tensor(op.input()), to.tensor(op.output()), begin, size);
    }

    private static void slice(
            Lowering to,
            String name,
            int from,
            int target,
            List<Integer> begin,
            List<Integer> size) {
        int first = to.graph().ints(name + "/begin", array(begin));
        int sizes = to.graph().ints(name + "/size", array(size));
        to.graph().node(TfOp.SLICE, Options.SLICE, target, from, first, sizes);
    }

    static void pad(Lowering to, Pad op) {
        requireAxes("PAD", op.input());
        List<Integer> before = Layout.lastly(op.before());
        List<Integer> after = Layout.lastly(op.after());
        int[] paddings = new int[2 * before.size() + 2];
        for (int axis = 0; axis < before.size(); axis++) {
            paddings[2 * axis + 2] = before.get(axis);
            paddings[2 * axis + 3] = after.get(axis);
        }
        int constant =
                to.graph()
                        .ints(
                                op.name() + "/paddings",
                                List.of(before.size() + 1, 2),
                                paddings,
                                null);
        to.graph()
                .node(
                        TfOp.PAD,
                        Options.PAD,
                        to.tensor(op.output()),
                        to.tensor(op.input()),
                        constant);
    }

    static void reverse(Lowering to, Reverse op) {
        int axis = to.graph().ints(op.name() + "/axis", Layout.axis(op.input().rank(), op.axis()));
        to.graph()
                .node(
                        TfOp.REVERSE_V2,
                        Options.REVERSE,
                        to.tensor(op.output()),
                        to.tensor(op.input()),
                        axis);
    }

    static void upsample(Lowering to, Upsample op) {
        TensorType in = op.input();
        List<Integer> repeats = op.repeats();
        if (repeats.get(0) != 1 || in.rank() == 1 || in.rank() > 3) {
            throw new NotSupported(
                    "RESIZE_NEAREST_NEIGHBOR repeats rows and columns of an image, here are"
                            + " repeats "
                            + repeats
                            + " of "
                            + in);
        }
        int channels = in.size(0);
        boolean image = in.rank() == 3;
        int height = in.size(1);
        int width = image ? in.size(2) : 1;
        int newHeight = height * repeats.get(1);
        int newWidth = image ? width * repeats.get(2) : 1;
        requireEven(height, newHeight);
        requireEven(width, newWidth);
        int size = to.graph().ints(op.name() + "/size", newHeight, newWidth);
        int source = to.tensor(in);
        int target = to.tensor(op.output());
        if (!image) {
            source = to.int8(op.name() + "/column", in, List.of(height, 1, channels));
            reshape(to, op.name(), to.tensor(in), source);
            target = to.int8(op.name() + "/resized", in, List.of(newHeight, 1, channels));
        }
        to.graph().node(TfOp.RESIZE_NEAREST_NEIGHBOR, Options.NEAREST, target, source, size);
        if (!image) {
            reshape(to, op.name() + "/sequence", target, to.tensor(op.output()));
        }
    }

    /** TFLite finds the source of an element with a float factor, which may fall short. */
    private static void requireEven(int size, int newSize) {
        float factor = (float) size / newSize;
        for (int i = 0; i < newSize; i++) {
            if ((int) Math.floor(i * factor) != i / (newSize / size)) {
                throw new NotSupported(
                        "RESIZE_NEAREST_NEIGHBOR from "
                                + size
                                + " to "
                                + newSize
                                + " rounds its factor so that an element is repeated too often");
            }
        }
    }

    /**
     * Zeros between elements, axis by axis: each element gets an axis of its own, which is padded
     * and merged; what stands behind the last element is cut off.
     */
    static void spread(Lowering to, Spread op) {
        TensorType in = op.input();
        requireAxes("SLICE", in);
        List<Integer> steps = Layout.lastly(op.steps());
        List<Integer> shape = new ArrayList<>(Layout.shape(in));
        int current = to.tensor(in);
        for (int axis = 0; axis < shape.size(); axis++) {
            int step = steps.get(axis);
            if (step == 1 || shape.get(axis) == 1) {
                continue;
            }
            if (axis == shape.size() - 1) {
                throw new NotSupported(
                        "no layer puts zeros between channels, and no form is written");
            }
            current = spread(to, op, current, shape, axis, step);
        }
        List<Integer> begin = new ArrayList<>();
        List<Integer> size = new ArrayList<>(Layout.shape(op.output()));
        size.add(0, -1);
        size.forEach(n -> begin.add(0));
        slice(to, op.name(), current, to.tensor(op.output()), begin, size);
    }

    private static int spread(
            Lowering to, Spread op, int from, List<Integer> shape, int axis, int step) {
        String name = op.name() + "/axis" + axis;
        int inner = shape.stream().skip(axis + 1L).reduce(1, Math::multiplyExact);
        int outer = shape.stream().limit(axis + 1L).reduce(1, Math::multiplyExact);
        int apart = to.int8(name + "/apart", op.input(), List.of(outer, 1, inner));
        reshape(to, name, from, apart);
        int padded = to.int8(name + "/padded", op.input(), List.of(outer, step, inner));
        int[] paddings = {0, 0, 0, 0, 0, step - 1, 0, 0};
        int constant = to.graph().ints(name + "/paddings", List.of(4, 2), paddings, null);
        to.graph().node(TfOp.PAD, Options.PAD, padded, apart, constant);
        shape.set(axis, shape.get(axis) * step);
        int merged = to.int8(name + "/merged", op.input(), shape);
        reshape(to, name + "/merge", padded, merged);
        return merged;
    }

    private static void requireAxes(String operator, TensorType tensor) {
        if (tensor.rank() >= MOST_AXES) {
            throw new NotSupported(
                    operator
                            + " takes up to "
                            + MOST_AXES
                            + " axes with the batch, here is "
                            + tensor);
        }
    }

    private static int[] array(List<Integer> list) {
        return list.stream().mapToInt(i -> i).toArray();
    }
}
