package io.github.dl4jqat.integer;

/**
 * Where the taps of a two-dimensional window lie. Along each axis tap {@code k} of output {@code o}
 * reads the input at {@code o * stride - padBefore + k * dilation}; positions outside the input are
 * padding. The output has
 *
 * <pre>
 *   floor((size + padBefore + padAfter - dilation * (kernel - 1) - 1) / stride) + 1
 * </pre>
 *
 * elements. Immutable and thread-safe.
 *
 * @param kernelH taps down
 * @param kernelW taps across
 * @param strideH step down
 * @param strideW step across
 * @param dilationH distance of taps down
 * @param dilationW distance of taps across
 * @param padTop rows of padding above
 * @param padLeft columns of padding to the left
 * @param padBottom rows of padding below
 * @param padRight columns of padding to the right
 */
public record Window2d(
        int kernelH,
        int kernelW,
        int strideH,
        int strideW,
        int dilationH,
        int dilationW,
        int padTop,
        int padLeft,
        int padBottom,
        int padRight) {

    /** Larger numbers are taken for an error; they keep all index arithmetic small. */
    static final int LIMIT = 1 << 16;

    /** Checks the ranges. */
    public Window2d {
        checkRange("kernel height", kernelH, 1);
        checkRange("kernel width", kernelW, 1);
        checkRange("stride down", strideH, 1);
        checkRange("stride across", strideW, 1);
        checkRange("dilation down", dilationH, 1);
        checkRange("dilation across", dilationW, 1);
        checkRange("padding above", padTop, 0);
        checkRange("padding to the left", padLeft, 0);
        checkRange("padding below", padBottom, 0);
        checkRange("padding to the right", padRight, 0);
    }

    private static void checkRange(String what, int value, int lowest) {
        if (value < lowest || value > LIMIT) {
            throw new IllegalArgumentException(
                    "Window2d: " + what + "=" + value + " is outside " + lowest + ".." + LIMIT);
        }
    }

    /** A window with stride 1, dilation 1 and no padding. */
    public static Window2d of(int kernelH, int kernelW) {
        return new Window2d(kernelH, kernelW, 1, 1, 1, 1, 0, 0, 0, 0);
    }

    /** The same window with another stride. */
    public Window2d withStride(int down, int across) {
        return new Window2d(
                kernelH, kernelW, down, across, dilationH, dilationW, padTop, padLeft, padBottom,
                padRight);
    }

    /** The same window with another dilation. */
    public Window2d withDilation(int down, int across) {
        return new Window2d(
                kernelH, kernelW, strideH, strideW, down, across, padTop, padLeft, padBottom,
                padRight);
    }

    /** The same window with other paddings. */
    public Window2d withPads(int top, int left, int bottom, int right) {
        return new Window2d(
                kernelH, kernelW, strideH, strideW, dilationH, dilationW, top, left, bottom, right);
    }

    /** Taps in the window. */
    public int area() {
        return Math.multiplyExact(kernelH, kernelW);
    }

    /** Output rows for {@code height} input rows; less than 1 where the window does not fit. */
    public int outputHeight(int height) {
        return outputs(height, padTop, padBottom, kernelH, strideH, dilationH);
    }

    /** Output columns for {@code width} input columns; less than 1 where it does not fit. */
    public int outputWidth(int width) {
        return outputs(width, padLeft, padRight, kernelW, strideW, dilationW);
    }

    static int outputs(
            int size, int padBefore, int padAfter, int kernel, int stride, int dilation) {
        long room = (long) size + padBefore + padAfter - (long) dilation * (kernel - 1) - 1;
        return (int) Math.min(Integer.MAX_VALUE, Math.floorDiv(room, (long) stride) + 1);
    }

    /** First tap of output row {@code o} that is not above the input. */
    int firstRow(int o) {
        return firstTap(o * strideH - padTop, dilationH);
    }

    /** One past the last tap of output row {@code o} that is not below the input. */
    int endRow(int o, int height) {
        return endTap(o * strideH - padTop, dilationH, kernelH, height);
    }

    /** First tap of output column {@code o} that is not left of the input. */
    int firstColumn(int o) {
        return firstTap(o * strideW - padLeft, dilationW);
    }

    /** One past the last tap of output column {@code o} that is not right of the input. */
    int endColumn(int o, int width) {
        return endTap(o * strideW - padLeft, dilationW, kernelW, width);
    }

    private static int firstTap(int start, int dilation) {
        return start >= 0 ? 0 : (-start + dilation - 1) / dilation;
    }

    private static int endTap(int start, int dilation, int kernel, int size) {
        int room = size - start;
        return room <= 0 ? 0 : Math.min(kernel, (room + dilation - 1) / dilation);
    }

    /** Real, unpadded elements under output row {@code oy} and column {@code ox}. */
    int realElements(int oy, int ox, int height, int width) {
        int rows = Math.max(0, endRow(oy, height) - firstRow(oy));
        int columns = Math.max(0, endColumn(ox, width) - firstColumn(ox));
        return rows * columns;
    }

    /** Whether every output reads at least one real element. */
    boolean alwaysMeetsInput(int height, int width) {
        for (int o = outputHeight(height) - 1; o >= 0; o--) {
            if (endRow(o, height) <= firstRow(o)) {
                return false;
            }
        }
        for (int o = outputWidth(width) - 1; o >= 0; o--) {
            if (endColumn(o, width) <= firstColumn(o)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return kernelH
                + "x"
                + kernelW
                + " stride "
                + strideH
                + "x"
                + strideW
                + " dilation "
                + dilationH
                + "x"
                + dilationW
                + " pads "
                + padTop
                + ","
                + padLeft
                + ","
                + padBottom
                + ","
                + padRight;
    }
}
