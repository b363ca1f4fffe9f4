package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.integer.Window3d;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;

/** DL4J's convolution modes as explicit padding. */
final class Windows {

    private Windows() {}

    /**
     * The window of a convolution or pooling layer on an image of {@code height} x {@code width}.
     */
    static Window2d of(
            ConvolutionMode mode,
            int[] kernel,
            int[] stride,
            int[] padding,
            int[] dilation,
            int height,
            int width) {
        int[] before = padding;
        int[] after = {
            padding[0] + overhang(height, kernel[0], stride[0], padding[0], dilation[0]),
            padding[1] + overhang(width, kernel[1], stride[1], padding[1], dilation[1])
        };
        if (mode == ConvolutionMode.Same) {
            int[] total = {
                total(height, kernel[0], stride[0], dilation[0]),
                total(width, kernel[1], stride[1], dilation[1])
            };
            before = new int[] {total[0] / 2, total[1] / 2};
            after = new int[] {total[0] - before[0], total[1] - before[1]};
        }
        return new Window2d(
                kernel[0],
                kernel[1],
                stride[0],
                stride[1],
                dilation[0],
                dilation[1],
                before[0],
                before[1],
                after[0],
                after[1]);
    }

    /**
     * How far the one window of an input that is smaller than it looks beyond the padding. DL4J
     * divides by the stride with rounding toward zero, and so has one output there.
     */
    private static int overhang(int size, int kernel, int stride, int padding, int dilation) {
        int missing = dilation * (kernel - 1) + 1 - (size + 2 * padding);
        return missing > 0 && missing < stride ? missing : 0;
    }

    /** The window, if it fits into an image at all. */
    static Window2d fitting(TensorType input, Window2d window) {
        if (window.outputHeight(input.shape().get(1)) < 1
                || window.outputWidth(input.shape().get(2)) < 1) {
            throw new IllegalArgumentException(
                    "its window does not fit into the input of shape " + input.shape());
        }
        return window;
    }

    /**
     * The window of a convolution or pooling layer on a volume.
     *
     * @throws IllegalArgumentException if it does not fit, or leaves out the first elements
     */
    static Window3d ofVolume(
            ConvolutionMode mode,
            int[] kernel,
            int[] stride,
            int[] padding,
            int[] dilation,
            TensorType volume) {
        int[] before = new int[kernel.length];
        int[] after = new int[kernel.length];
        for (int axis = 0; axis < kernel.length; axis++) {
            int size = volume.size(axis + 1);
            int outputs = (size + stride[axis] - 1) / stride[axis];
            int covered = (outputs - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1;
            boolean same = mode == ConvolutionMode.Same;
            if (same && covered < size - 1) {
                throw new IllegalArgumentException(
                        "mode Same with strides "
                                + ints(stride)
                                + " skips elements at the beginning of the volume "
                                + volume.shape()
                                + "; use mode Truncate");
            }
            int total = Math.max(0, covered - size);
            before[axis] = same ? total / 2 : padding[axis];
            after[axis] = same ? total - before[axis] : padding[axis];
        }
        Window3d window =
                new Window3d(ints(kernel), ints(stride), ints(dilation), ints(before), ints(after));
        for (int axis = 0; axis < kernel.length; axis++) {
            if (window.outputs(axis, volume.size(axis + 1)) < 1) {
                throw new IllegalArgumentException(
                        "its window does not fit into the input of shape " + volume.shape());
            }
        }
        return window;
    }

    static List<Integer> ints(int[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    /** Padding such that the output has {@code ceil(size / stride)} elements. */
    private static int total(int size, int kernel, int stride, int dilation) {
        int outputs = (size + stride - 1) / stride;
        int covered = (outputs - 1) * stride + dilation * (kernel - 1) + 1;
        return Math.max(0, covered - size);
    }
}
