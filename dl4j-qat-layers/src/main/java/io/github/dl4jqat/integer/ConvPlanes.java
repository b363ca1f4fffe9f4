package io.github.dl4jqat.integer;

/**
 * An image laid out so that a window reads runs of it: copied, less its zero point and with its
 * padding, into one plane for each combination of row and column modulo the stride. In such a plane
 * a tap reads consecutive elements for consecutive outputs, whatever the stride and the dilation.
 *
 * <p>Immutable and thread-safe.
 */
final class ConvPlanes {

    private final Window2d window;
    private final int height;
    private final int width;
    private final int outputRows;
    private final int outputColumns;

    private final int planeColumns;
    private final int planeSize;
    private final int planesAcross;

    /** Rows and columns of padded input that are read at all; the rest is not copied. */
    private final int rowsKept;

    private final int columnsKept;
    private final int size;
    private final int[] tapStart;

    ConvPlanes(Window2d window, int height, int width) {
        this.window = window;
        this.height = height;
        this.width = width;
        this.outputRows = window.outputHeight(height);
        this.outputColumns = window.outputWidth(width);
        int strideH = window.strideH();
        int strideW = window.strideW();
        int rowsRead = (outputRows - 1) * strideH + (window.kernelH() - 1) * window.dilationH() + 1;
        int columnsRead =
                (outputColumns - 1) * strideW + (window.kernelW() - 1) * window.dilationW() + 1;
        int planeRows = (rowsRead + strideH - 1) / strideH;
        this.planeColumns = (columnsRead + strideW - 1) / strideW;
        this.planeSize = Math.multiplyExact(planeRows, planeColumns);
        // A stride longer than what is read leaves planes that no tap reads.
        int planesDown = Math.min(strideH, rowsRead);
        this.planesAcross = Math.min(strideW, columnsRead);
        this.rowsKept = planeRows * planesDown;
        this.columnsKept = planeColumns * planesAcross;
        this.size = Math.multiplyExact(planeSize, Math.multiplyExact(planesDown, planesAcross));
        this.tapStart = new int[window.area()];
        for (int i = 0; i < window.kernelH(); i++) {
            for (int j = 0; j < window.kernelW(); j++) {
                tapStart[i * window.kernelW() + j] =
                        position(i * window.dilationH(), j * window.dilationW());
            }
        }
    }

    /** Where the padded element of a row and column lies. */
    private int position(int row, int column) {
        int strideH = window.strideH();
        int strideW = window.strideW();
        int plane = row % strideH * planesAcross + column % strideW;
        return plane * planeSize + row / strideH * planeColumns + column / strideW;
    }

    /** Elements of all planes of an image. */
    int size() {
        return size;
    }

    /** Taps of the window. */
    int taps() {
        return tapStart.length;
    }

    /** Where the run of a tap starts, row by row. */
    int tapStart(int tap) {
        return tapStart[tap];
    }

    /** How many outputs lie in a run: the last one needed is the last output. */
    int run() {
        return (outputRows - 1) * planeColumns + outputColumns;
    }

    /** Rows of outputs. */
    int rows() {
        return outputRows;
    }

    /** Outputs in a row. */
    int columns() {
        return outputColumns;
    }

    /** How far apart rows of outputs lie in a run. */
    int rowStep() {
        return planeColumns;
    }

    /**
     * Copies the image at {@code from} into the planes at {@code to}. Their padding is not written:
     * it is zero and stays so from image to image.
     */
    void fill(int[] in, int from, int zeroPoint, int[] planes, int to) {
        for (int y = 0; y < height; y++) {
            int source = from + y * width;
            int row = y + window.padTop();
            if (row >= rowsKept) {
                break;
            }
            for (int x = 0; x < width; x++) {
                int column = x + window.padLeft();
                if (column >= columnsKept) {
                    break;
                }
                planes[to + position(row, column)] = in[source + x] - zeroPoint;
            }
        }
    }
}
