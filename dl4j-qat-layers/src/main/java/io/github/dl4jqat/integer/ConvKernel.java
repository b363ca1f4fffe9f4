package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A convolution over images or volumes in plain Java. In the {@link ConvPlanes} of its input what a
 * tap reads for consecutive outputs is a run of memory. The runs of all taps for some rows of
 * outputs are copied into arrays of their own, {@code run[k]}, and every output channel adds them
 * up:
 *
 * <pre>
 *   acc[i] += w0 * run[k][i] + w1 * run[k + 1][i] + w2 * run[k + 2][i] + w3 * run[k + 3][i]
 * </pre>
 *
 * Arrays that are all read at {@code i} are what the JIT compiler vectorizes. A run also covers the
 * few columns between the end of one output row and the start of the next; what it leaves there is
 * not read.
 *
 * <p>A volume is a stack of images, an image a stack of one: each of its slices has planes of its
 * own, and an output slice adds up the runs of those slices that the taps along the depth meet.
 */
final class ConvKernel implements JavaKernel.Unary {

    /** Multiplications from which on several threads are worth their start. */
    private static final long LARGE = 1_000_000;

    /** Numbers that the runs of a group should not exceed, to stay in the cache. */
    private static final int CACHED = 1 << 18;

    private final Weights weights;
    private final Requantizer requantizer;
    private final int zeroPoint;
    private final ConvPlanes planes;
    private final int imageSize;
    private final int inputChannels;
    private final int outputChannels;
    private final int channelsInGroup;
    private final int outputsInGroup;

    private final int depth;
    private final int outputDepth;
    private final int kernelDepth;
    private final int strideDepth;
    private final int dilationDepth;
    private final int padFront;

    ConvKernel(Conv2d op) {
        this(
                op.input(),
                op.output(),
                op.weights(),
                Window3d.stackOfOne(op.window()),
                op.groups(),
                op.requantizer());
    }

    ConvKernel(Conv3d op) {
        this(op.input(), op.output(), op.weights(), op.window(), op.groups(), op.requantizer());
    }

    private ConvKernel(
            TensorType input,
            TensorType output,
            Weights weights,
            Window3d window,
            int groups,
            Requantizer requantizer) {
        int rank = input.rank();
        this.weights = weights;
        this.requantizer = requantizer;
        this.zeroPoint = input.params().zeroPoint();
        this.planes = new ConvPlanes(window.slice(), input.size(rank - 2), input.size(rank - 1));
        this.imageSize = input.size(rank - 2) * input.size(rank - 1);
        this.inputChannels = input.size(0);
        this.outputChannels = output.size(0);
        this.channelsInGroup = inputChannels / groups;
        this.outputsInGroup = outputChannels / groups;
        this.depth = input.elements() / (inputChannels * imageSize);
        this.outputDepth = window.outputs(0, depth);
        this.kernelDepth = window.kernel().get(0);
        this.strideDepth = window.stride().get(0);
        this.dilationDepth = window.dilation().get(0);
        this.padFront = window.padBefore().get(0);
    }

    @Override
    public void run(int[] in, int[] out, int examples) {
        int images = inputChannels * depth;
        int[] x = new int[Math.multiplyExact(images, planes.size())];
        int taps = channelsInGroup * kernelDepth * planes.taps();
        int rows = Math.max(1, Math.min(planes.rows(), CACHED / taps / planes.rowStep()));
        Runs runs = new Runs(x, taps, rows);
        int to = 0;
        for (int e = 0; e < examples; e++) {
            for (int i = 0; i < images; i++) {
                planes.fill(in, (e * images + i) * imageSize, zeroPoint, x, i * planes.size());
            }
            for (int first = 0; first < outputChannels; first += outputsInGroup) {
                for (int z = 0; z < outputDepth; z++) {
                    for (int row = 0; row < planes.rows(); row += rows) {
                        runs.copy(first, z, row);
                        // Several examples are several tasks already.
                        outputs(runs, first, out, to + runs.place, examples == 1);
                    }
                }
            }
            to += outputChannels * outputSize();
        }
    }

    /** Outputs of an example in a channel. */
    private int outputSize() {
        return outputDepth * planes.rows() * planes.columns();
    }

    /** All channels of a group at the rows that were copied. */
    private void outputs(Runs runs, int first, int[] out, int to, boolean alone) {
        if (alone && (long) outputsInGroup * runs.count * runs.length > LARGE) {
            IntStream.range(0, outputsInGroup)
                    .parallel()
                    .forEach(
                            o -> {
                                int[] acc = new int[runs.length];
                                channel(runs, acc, first + o, out, to + o * outputSize());
                            });
            return;
        }
        int[] acc = new int[runs.length];
        for (int o = 0; o < outputsInGroup; o++) {
            channel(runs, acc, first + o, out, to + o * outputSize());
        }
    }

    private void channel(Runs runs, int[] acc, int o, int[] out, int to) {
        Arrays.fill(acc, weights.bias(o));
        int w = o * weights.elementsPerChannel();
        int[][] run = runs.values;
        int[] tap = runs.tap;
        int k = 0;
        for (; k + 3 < runs.count; k += 4) {
            addFour(
                    acc,
                    run[k],
                    run[k + 1],
                    run[k + 2],
                    run[k + 3],
                    weights.get(w + tap[k]),
                    weights.get(w + tap[k + 1]),
                    weights.get(w + tap[k + 2]),
                    weights.get(w + tap[k + 3]));
        }
        for (; k < runs.count; k++) {
            add(acc, run[k], weights.get(w + tap[k]));
        }
        int columns = planes.columns();
        for (int y = 0; y < runs.rows; y++) {
            requantizer.apply(acc, y * planes.rowStep(), o, out, to + y * columns, columns);
        }
    }

    private static void addFour(
            int[] acc, int[] a, int[] b, int[] c, int[] d, int wa, int wb, int wc, int wd) {
        for (int i = 0; i < acc.length; i++) {
            acc[i] += wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];
        }
    }

    private static void add(int[] acc, int[] a, int w) {
        for (int i = 0; i < acc.length; i++) {
            acc[i] += w * a[i];
        }
    }

    /** What the taps of a group read for some rows of outputs. */
    private final class Runs {
        private final int[] x;
        private final int[][] values;
        private final int mostRows;

        /** The number of each run's weight within its output channel. */
        private final int[] tap;

        private int count;
        private int rows;
        private int length;

        /** Where the first output of the group's first channel lies in an example. */
        private int place;

        Runs(int[] x, int taps, int mostRows) {
            this.x = x;
            this.mostRows = mostRows;
            this.values = new int[taps][(mostRows - 1) * planes.rowStep() + planes.columns()];
            this.tap = new int[taps];
        }

        /** Copies those for a group that begins at an output channel, of slice {@code z}. */
        void copy(int firstOutput, int z, int row) {
            int first = firstOutput / outputsInGroup * channelsInGroup;
            int taps = planes.taps();
            rows = Math.min(mostRows, planes.rows() - row);
            length = (rows - 1) * planes.rowStep() + planes.columns();
            place = firstOutput * outputSize() + (z * planes.rows() + row) * planes.columns();
            count = 0;
            for (int c = 0; c < channelsInGroup; c++) {
                for (int k = 0; k < kernelDepth; k++) {
                    int slice = z * strideDepth - padFront + k * dilationDepth;
                    if (slice < 0 || slice >= depth) {
                        continue;
                    }
                    int image = ((first + c) * depth + slice) * planes.size();
                    for (int t = 0; t < taps; t++) {
                        int from = image + planes.tapStart(t) + row * planes.rowStep();
                        System.arraycopy(x, from, values[count], 0, length);
                        tap[count++] = (c * kernelDepth + k) * taps + t;
                    }
                }
            }
        }
    }
}
