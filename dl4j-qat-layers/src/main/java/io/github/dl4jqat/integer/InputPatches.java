package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Symmetry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The windows of a model's first convolution, gathered on the way into ONNX Runtime. A runtime
 * gathers the window of an image of one or three channels byte by byte, which takes longer than the
 * products; here it is done in words of four bytes, and what remains is a convolution of 1x1 over
 * {@code [rows, columns, 4 * words]}:
 *
 * <pre>
 *   one channel            a word: four taps of a row of the window, one after the other
 *   two to four channels   a word: the channels under one tap
 * </pre>
 *
 * Where a word has more bytes than there are taps or channels the weight is 0, so the sums are the
 * same ones. Immutable and thread-safe.
 */
final class InputPatches {

    private static final int WORD = 4;

    /** A word over one channel has three more taps behind its first. */
    private static final int TAPS_BEHIND = WORD - 1;

    /** From here on the patches are so much larger than the image that it does not pay. */
    private static final int LARGEST_PATCH = 64;

    private final TensorType begin;
    private final List<IntegerOp> replaced;
    private final Conv2d conv;
    private final Conv2d pointwise;

    private final int channels;
    private final int height;
    private final int width;
    private final int rows;
    private final int columns;
    private final int wordsAcross;
    private final int wordStep;
    private final int planeRows;
    private final int planeColumns;

    private InputPatches(TensorType begin, List<IntegerOp> replaced, Conv2d conv) {
        Window2d window = conv.window();
        this.begin = begin;
        this.replaced = replaced;
        this.conv = conv;
        this.channels = conv.input().size(0);
        this.height = conv.input().size(1);
        this.width = conv.input().size(2);
        this.rows = conv.output().size(1);
        this.columns = conv.output().size(2);
        this.wordsAcross = wordsAcross(channels, window);
        this.wordStep = (channels == 1 ? WORD : 1) * window.dilationW();
        this.planeRows =
                (rows - 1) * window.strideH() + (window.kernelH() - 1) * window.dilationH() + 1;
        this.planeColumns = (columns - 1) * window.strideW() + (wordsAcross - 1) * wordStep + 1;
        this.pointwise = pointwise();
    }

    /** Those of a model's inputs that a small window over few channels reads, and nothing else. */
    static List<InputPatches> of(IntegerModel model, ModelEnds ends) {
        List<InputPatches> all = new ArrayList<>();
        for (IntegerOp op : ends.begins()) {
            if (op instanceof Quantize) {
                List<IntegerOp> replaced = new ArrayList<>();
                IntegerOp reader = onlyReader(model, op.output());
                while (reader instanceof Reshape) {
                    replaced.add(reader);
                    reader = onlyReader(model, reader.output());
                }
                if (reader instanceof Conv2d conv && suits(conv)) {
                    replaced.add(conv);
                    all.add(new InputPatches(op.output(), List.copyOf(replaced), conv));
                }
            }
        }
        return List.copyOf(all);
    }

    /** Null where several operations read a tensor, or somebody outside does. */
    private static IntegerOp onlyReader(IntegerModel model, TensorType tensor) {
        if (model.outputs().contains(tensor)) {
            return null;
        }
        List<IntegerOp> readers =
                model.ops().stream().filter(op -> op.inputs().contains(tensor)).toList();
        return readers.size() == 1 ? readers.get(0) : null;
    }

    private static boolean suits(Conv2d conv) {
        Window2d window = conv.window();
        int channels = conv.input().size(0);
        return conv.groups() == 1
                && channels <= WORD
                && window.area() > 1
                && WORD * wordsAcross(channels, window) * window.kernelH() <= LARGEST_PATCH
                // A mid-rise grid has no weight 0.
                && conv.weights().params().spec().symmetry() != Symmetry.MID_RISE;
    }

    private static int wordsAcross(int channels, Window2d window) {
        int taps = window.kernelW();
        return channels == 1 ? (taps + WORD - 1) / WORD : taps;
    }

    private Conv2d pointwise() {
        Weights old = conv.weights();
        Window2d window = conv.window();
        int kernelW = window.kernelW();
        int patch = WORD * words();
        int[] values = new int[old.channels() * patch];
        for (int i = 0; i < old.elements(); i++) {
            int column = i % kernelW;
            int row = i / kernelW % window.kernelH();
            int channel = i / window.area() % channels;
            int output = i / (window.area() * channels);
            int place =
                    channels == 1
                            ? row * wordsAcross * WORD + column
                            : (row * wordsAcross + column) * WORD + channel;
            values[output * patch + place] = old.get(i);
        }
        List<Integer> shape = List.of(old.channels(), patch, 1, 1);
        return new Conv2d(
                conv.name(),
                TensorType.of(conv.input().name(), conv.input().params(), patch, rows, columns),
                conv.output(),
                Weights.of(old.params(), shape, values, old.biases()),
                Window2d.of(1, 1),
                1,
                conv.mode(),
                conv.low(),
                conv.high());
    }

    /** The tensor of integers that is gathered from. */
    TensorType begin() {
        return begin;
    }

    /** The convolution over {@code [4 * words, rows, columns]} that gives the same integers. */
    Conv2d convolution() {
        return pointwise;
    }

    /** Whether an operation is the convolution that the pointwise one stands for. */
    boolean isConvolution(IntegerOp op) {
        return op == conv;
    }

    /** Whether an operation is not needed any more. */
    boolean replaces(IntegerOp op) {
        return replaced.stream().anyMatch(r -> r == op);
    }

    /** Rows, columns, bytes of a patch: how an example lies in memory. */
    List<Integer> shape() {
        return List.of(rows, columns, WORD * words());
    }

    /** Bytes of an example. */
    int bytes() {
        return Math.multiplyExact(Math.multiplyExact(rows, columns), WORD * words());
    }

    private int words() {
        return conv.window().kernelH() * wordsAcross;
    }

    /**
     * Gathers patches; one for each run. The loop that puts words together reads all its arrays at
     * the same place, so the JIT compiler vectorizes it. Not thread-safe.
     */
    final class Gatherer {
        private final IntBuffer out;
        private final int pitch = planeColumns + (channels == 1 ? TAPS_BEHIND : 0) * dilation();

        /** The bytes of a word, each an image with its padding. */
        private final int[][] lanes = new int[WORD][planeRows * pitch];

        private final int[] plane = new int[planeRows * pitch];
        private final int[] patches = new int[rows * columns * words()];

        /** Writes to the front of a buffer. */
        Gatherer(ByteBuffer buffer) {
            out = buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
            TensorType input = conv.input();
            int zero = input.params().zeroPoint() + QdqPieces.shift(input.params());
            for (int[] lane : lanes) {
                Arrays.fill(lane, zero);
            }
        }

        private int dilation() {
            return conv.window().dilationW();
        }

        /** Appends the patches of an example of unsigned bytes, channels first. */
        void add(int[] image) {
            for (int c = 0; c < channels; c++) {
                fill(image, c);
            }
            for (int tap = 1; channels == 1 && tap < WORD; tap++) {
                int ahead = tap * dilation();
                System.arraycopy(lanes[0], ahead, lanes[tap], 0, plane.length - ahead);
            }
            join(lanes[0], lanes[1], lanes[2], lanes[3], plane);
            Window2d window = conv.window();
            int words = words();
            int stride = window.strideW();
            for (int y = 0; y < rows; y++) {
                for (int word = 0; word < words; word++) {
                    int row = y * window.strideH() + word / wordsAcross * window.dilationH();
                    int from = row * pitch + word % wordsAcross * wordStep;
                    int to = y * columns * words + word;
                    for (int x = 0; x < columns; x++) {
                        patches[to] = plane[from];
                        to += words;
                        from += stride;
                    }
                }
            }
            out.put(patches);
        }

        /** Puts a channel between its padding. */
        private void fill(int[] image, int c) {
            int left = conv.window().padLeft();
            int top = conv.window().padTop();
            int n = Math.min(width, pitch - left);
            for (int y = 0; n > 0 && y < Math.min(height, planeRows - top); y++) {
                int from = (c * height + y) * width;
                System.arraycopy(image, from, lanes[c], (y + top) * pitch + left, n);
            }
        }
    }

    private static void join(int[] a, int[] b, int[] c, int[] d, int[] words) {
        for (int i = 0; i < words.length; i++) {
            words[i] = a[i] | b[i] << 8 | c[i] << 16 | d[i] << 24;
        }
    }
}
