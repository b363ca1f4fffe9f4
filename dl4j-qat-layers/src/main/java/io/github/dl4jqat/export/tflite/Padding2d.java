package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Window2d;
import org.tensorflow.lite.schema.Padding;

/**
 * How TFLite says where a window lies: VALID has no padding, SAME has as much as {@code ceil(size /
 * stride)} outputs need, the odd one at the end. Other padding is written out by an operator
 * before.
 *
 * @param scheme of the window
 * @param top rows to add before
 * @param left columns to add before
 * @param bottom rows to add behind
 * @param right columns to add behind
 */
record Padding2d(byte scheme, int top, int left, int bottom, int right) {

    static Padding2d of(TensorType input, TensorType output, Window2d w) {
        int[] rows =
                missing(
                        input.size(1),
                        output.size(1),
                        w.kernelH(),
                        w.strideH(),
                        w.dilationH(),
                        w.padTop());
        int[] columns =
                missing(
                        input.size(2),
                        output.size(2),
                        w.kernelW(),
                        w.strideW(),
                        w.dilationW(),
                        w.padLeft());
        if (rows[0] + rows[1] + columns[0] + columns[1] == 0) {
            return new Padding2d(Padding.VALID, 0, 0, 0, 0);
        }
        if (isSame(input.size(1), output.size(1), w.strideH(), rows)
                && isSame(input.size(2), output.size(2), w.strideW(), columns)
                && reachesEnd(
                        input.size(1), output.size(1), w.kernelH(), w.strideH(), w.dilationH())
                && reachesEnd(
                        input.size(2), output.size(2), w.kernelW(), w.strideW(), w.dilationW())) {
            return new Padding2d(Padding.SAME, 0, 0, 0, 0);
        }
        return new Padding2d(Padding.VALID, rows[0], columns[0], rows[1], columns[1]);
    }

    /** The padding before and behind that the windows really reach into. */
    private static int[] missing(
            int size, int outputs, int kernel, int stride, int dilation, int before) {
        int end = (outputs - 1) * stride + dilation * (kernel - 1) + 1;
        return new int[] {before, Math.max(0, end - before - size)};
    }

    private static boolean isSame(int size, int outputs, int stride, int[] missing) {
        int total = missing[0] + missing[1];
        return outputs == (size + stride - 1) / stride && missing[0] == total / 2;
    }

    /**
     * Whether no element is left over behind the last window. Where one is, XNNPACK 2.20 computes
     * the padding of a depthwise SAME window as a negative number without sign.
     */
    private static boolean reachesEnd(int size, int outputs, int kernel, int stride, int dilation) {
        return (outputs - 1) * stride + dilation * (kernel - 1) + 1 >= size;
    }

    /** Whether an operator must add padding before. */
    boolean isExplicit() {
        return top + left + bottom + right > 0;
    }
}
