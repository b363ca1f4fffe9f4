package io.github.dl4jqat.integer;

import java.util.List;

/**
 * Where the taps of a three-dimensional window lie: along depth, height and width the same rule as
 * in {@link Window2d}. Every list has three numbers, in this order. Immutable and thread-safe.
 *
 * @param kernel taps along each axis
 * @param stride step along each axis
 * @param dilation distance of taps along each axis
 * @param padBefore padding before the first element of each axis
 * @param padAfter padding behind the last element of each axis
 */
public record Window3d(
        List<Integer> kernel,
        List<Integer> stride,
        List<Integer> dilation,
        List<Integer> padBefore,
        List<Integer> padAfter) {

    private static final int AXES = 3;

    /** Checks the ranges. */
    public Window3d {
        kernel = checked("kernel", kernel, 1);
        stride = checked("stride", stride, 1);
        dilation = checked("dilation", dilation, 1);
        padBefore = checked("padding before", padBefore, 0);
        padAfter = checked("padding behind", padAfter, 0);
    }

    private static List<Integer> checked(String what, List<Integer> numbers, int lowest) {
        boolean fits = numbers.size() == AXES;
        for (int i = 0; fits && i < AXES; i++) {
            fits = numbers.get(i) >= lowest && numbers.get(i) <= Window2d.LIMIT;
        }
        if (!fits) {
            throw new IllegalArgumentException(
                    "Window3d: "
                            + what
                            + "="
                            + numbers
                            + ", expected a number in "
                            + lowest
                            + ".."
                            + Window2d.LIMIT
                            + " for each of depth, height and width");
        }
        return List.copyOf(numbers);
    }

    /** A window with stride 1, dilation 1 and no padding. */
    public static Window3d of(int depth, int height, int width) {
        List<Integer> ones = List.of(1, 1, 1);
        List<Integer> none = List.of(0, 0, 0);
        return new Window3d(List.of(depth, height, width), ones, ones, none, none);
    }

    /** The same window with another stride. */
    public Window3d withStride(int depth, int height, int width) {
        List<Integer> steps = List.of(depth, height, width);
        return new Window3d(kernel, steps, dilation, padBefore, padAfter);
    }

    /** The same window with another dilation. */
    public Window3d withDilation(int depth, int height, int width) {
        List<Integer> distances = List.of(depth, height, width);
        return new Window3d(kernel, stride, distances, padBefore, padAfter);
    }

    /** The same window with other paddings. */
    public Window3d withPads(List<Integer> before, List<Integer> after) {
        return new Window3d(kernel, stride, dilation, before, after);
    }

    /** Taps in the window. */
    public int volume() {
        return Math.multiplyExact(
                Math.multiplyExact(kernel.get(0), kernel.get(1)), (int) kernel.get(2));
    }

    /**
     * Output elements along an axis (0 depth, 1 height, 2 width) for {@code size} input elements;
     * less than 1 where the window does not fit.
     */
    public int outputs(int axis, int size) {
        return Window2d.outputs(
                size,
                padBefore.get(axis),
                padAfter.get(axis),
                kernel.get(axis),
                stride.get(axis),
                dilation.get(axis));
    }

    /** A window over an image as one over a volume of depth 1. */
    static Window3d stackOfOne(Window2d w) {
        return new Window3d(
                List.of(1, w.kernelH(), w.kernelW()),
                List.of(1, w.strideH(), w.strideW()),
                List.of(1, w.dilationH(), w.dilationW()),
                List.of(0, w.padTop(), w.padLeft()),
                List.of(0, w.padBottom(), w.padRight()));
    }

    /** How the window moves over one slice of the volume. */
    Window2d slice() {
        return new Window2d(
                kernel.get(1),
                kernel.get(2),
                stride.get(1),
                stride.get(2),
                dilation.get(1),
                dilation.get(2),
                padBefore.get(1),
                padBefore.get(2),
                padAfter.get(1),
                padAfter.get(2));
    }

    @Override
    public String toString() {
        return kernel
                + " stride "
                + stride
                + " dilation "
                + dilation
                + " pads "
                + padBefore
                + padAfter;
    }
}
