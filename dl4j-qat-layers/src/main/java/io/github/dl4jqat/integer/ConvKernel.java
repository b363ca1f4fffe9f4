package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;

/**
 * A convolution in plain Java as long runs of multiply-and-add.
 *
 * <p>Each input channel is copied, less its zero point and with its padding, into one plane for
 * each combination of row and column modulo the stride. In such a plane a tap reads consecutive
 * elements for consecutive outputs, whatever the stride and the dilation, and so a whole output
 * channel is one run: {@code acc[i] += w * plane[offset + i]}. The run also covers the few columns
 * between the end of one output row and the start of the next; what it leaves there is not read.
 */
final class ConvKernel implements JavaKernel.Unary {

    private final Weights weights;
    private final Window2d window;
    private final Requantizer requantizer;
    private final int zeroPoint;
    private final int inputChannels;
    private final int height;
    private final int width;
    private final int outputChannels;
    private final int outputRows;
    private final int outputColumns;
    private final int channelsInGroup;
    private final int outputsInGroup;

    private final int planeColumns;
    private final int planeSize;

    /** All planes of an input channel. */
    private final int channelSize;

    /** Rows and columns of padded input that are read at all; the rest is not copied. */
    private final int rowsKept;

    private final int columnsKept;
    private final int planesAcross;

    /** Where in the planes of a channel each tap starts. */
    private final int[] tapStart;

    /** Accumulators of one output channel: the last one needed is the last output. */
    private final int run;

    ConvKernel(Conv2d op) {
        this.weights = op.weights();
        this.window = op.window();
        this.requantizer = op.requantizer();
        this.zeroPoint = op.input().params().zeroPoint();
        this.inputChannels = op.input().size(0);
        this.height = op.input().size(1);
        this.width = op.input().size(2);
        this.outputChannels = op.output().size(0);
        this.outputRows = op.output().size(1);
        this.outputColumns = op.output().size(2);
        this.channelsInGroup = inputChannels / op.groups();
        this.outputsInGroup = outputChannels / op.groups();
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
        this.channelSize =
                Math.multiplyExact(planeSize, Math.multiplyExact(planesDown, planesAcross));
        this.run = (outputRows - 1) * planeColumns + outputColumns;
        this.tapStart = new int[window.area()];
        for (int i = 0; i < window.kernelH(); i++) {
            for (int j = 0; j < window.kernelW(); j++) {
                tapStart[i * window.kernelW() + j] =
                        position(i * window.dilationH(), j * window.dilationW());
            }
        }
    }

    /** Where the padded element of a row and column lies in the planes of its channel. */
    private int position(int row, int column) {
        int strideH = window.strideH();
        int strideW = window.strideW();
        int plane = row % strideH * planesAcross + column % strideW;
        return plane * planeSize + row / strideH * planeColumns + column / strideW;
    }

    @Override
    public void run(int[] in, int[] out, int examples) {
        int[] planes = new int[Math.multiplyExact(inputChannels, channelSize)];
        int[] acc = new int[run];
        int inputSize = inputChannels * height * width;
        int outputSize = outputChannels * outputRows * outputColumns;
        for (int e = 0; e < examples; e++) {
            fill(in, e * inputSize, planes);
            for (int o = 0; o < outputChannels; o++) {
                Arrays.fill(acc, weights.bias(o));
                accumulate(o, planes, acc);
                requantize(o, acc, out, e * outputSize + o * outputRows * outputColumns);
            }
        }
    }

    /** The padding in {@code planes} is zero and stays so from example to example. */
    private void fill(int[] in, int from, int[] planes) {
        for (int c = 0; c < inputChannels; c++) {
            for (int y = 0; y < height; y++) {
                int source = from + (c * height + y) * width;
                int row = y + window.padTop();
                if (row >= rowsKept) {
                    break;
                }
                for (int x = 0; x < width; x++) {
                    int column = x + window.padLeft();
                    if (column >= columnsKept) {
                        break;
                    }
                    planes[c * channelSize + position(row, column)] = in[source + x] - zeroPoint;
                }
            }
        }
    }

    private void accumulate(int o, int[] planes, int[] acc) {
        int first = o / outputsInGroup * channelsInGroup;
        int taps = tapStart.length;
        int w = o * channelsInGroup * taps;
        for (int c = first; c < first + channelsInGroup; c++) {
            for (int t = 0; t < taps; t++) {
                int weight = weights.get(w++);
                if (weight != 0) {
                    addScaled(acc, weight, planes, c * channelSize + tapStart[t]);
                }
            }
        }
    }

    private static void addScaled(int[] acc, int weight, int[] x, int from) {
        for (int i = 0; i < acc.length; i++) {
            acc[i] += weight * x[from + i];
        }
    }

    private void requantize(int o, int[] acc, int[] out, int to) {
        for (int y = 0; y < outputRows; y++) {
            for (int x = 0; x < outputColumns; x++) {
                out[to + y * outputColumns + x] = requantizer.apply(acc[y * planeColumns + x], o);
            }
        }
    }
}
