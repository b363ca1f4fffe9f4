package io.github.dl4jqat.layers;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A FLOAT convolution as a matrix product, a few images at a time. With {@code K = channels *
 * kernel height * kernel width} and {@code N} output positions of these images:
 *
 * <pre>
 *   windows [K, N]      what each tap sees at each position; 0 in the padding
 *   z  = W [O, K] * windows
 *   dW = dz [O, N] * windows'      dwindows = W' * dz, added up where windows overlap
 * </pre>
 *
 * Windows are written on the heap in runs of rows, which is many times faster than ND4J's im2col.
 * On whole numbers sums are exact, as those of every other order, below 2^24.
 *
 * <p>For one call; memory is shared by all calls of a thread.
 */
final class GemmConvolution {

    /** Elements of the windows of a part of a batch; they should stay in a cache. */
    private static final int PART = 1 << 19;

    /** Elements of the windows of one image beyond which they would take too much memory. */
    private static final long LARGEST_IMAGE = 1L << 25;

    private static final ThreadLocal<Scratch> SCRATCH = ThreadLocal.withInitial(Scratch::new);

    private final int channels;
    private final int height;
    private final int width;
    private final int outputs;
    private final int rows;
    private final int columns;
    private final int kernelH;
    private final int kernelW;
    private final int strideH;
    private final int strideW;
    private final int padTop;
    private final int padLeft;
    private final int taps;
    private final int positions;
    private final Scratch scratch = SCRATCH.get();

    /**
     * A convolution.
     *
     * @param x shape {@code [batch, channels, height, width]}
     * @param w shape {@code [outputs, channels, kernel height, kernel width]}
     * @param out shape {@code [batch, outputs, rows, columns]}
     * @param window kernel, stride and padding along each axis, and at index 8 whether the padding
     *     is that of mode SAME
     */
    GemmConvolution(INDArray x, INDArray w, long[] out, int[] window) {
        channels = Math.toIntExact(x.size(1));
        height = Math.toIntExact(x.size(2));
        width = Math.toIntExact(x.size(3));
        outputs = Math.toIntExact(w.size(0));
        rows = Math.toIntExact(out[2]);
        columns = Math.toIntExact(out[3]);
        kernelH = window[0];
        kernelW = window[1];
        strideH = window[2];
        strideW = window[3];
        boolean same = window[8] == 1;
        padTop = same ? before(rows, strideH, kernelH, height) : window[4];
        padLeft = same ? before(columns, strideW, kernelW, width) : window[5];
        taps = channels * kernelH * kernelW;
        positions = rows * columns;
    }

    private static int before(int outputs, int stride, int kernel, int inputs) {
        return Math.max(0, (outputs - 1) * stride + kernel - inputs) / 2;
    }

    /**
     * Whether the windows of an image are few enough to be written down.
     *
     * @param out shape {@code [batch, outputs, rows, columns]}
     */
    static boolean fits(INDArray w, long[] out) {
        return w.length() / w.size(0) * out[2] * out[3] <= LARGEST_IMAGE;
    }

    /** Whether this path can compute with these arrays: dense rows of floats. */
    static boolean serves(INDArray... arrays) {
        for (INDArray a : arrays) {
            if (a != null
                    && (a.dataType() != DataType.FLOAT
                            || a.ordering() != 'c'
                            || !Shape.hasDefaultStridesForShape(a))) {
                return false;
            }
        }
        return true;
    }

    /** {@code z} = the convolution, with the bias where there is one. */
    void forward(INDArray x, INDArray w, INDArray b, INDArray z) {
        int batch = Math.toIntExact(x.size(0));
        float[] bias = b == null ? new float[outputs] : b.toFloatVector();
        int most = images(batch);
        for (int first = 0; first < batch; first += most) {
            int images = Math.min(most, batch - first);
            int n = images * positions;
            INDArray windows = scratch.matrix(0, n, taps);
            put(windows, windows(x, first, images), taps * n);
            INDArray product = scratch.matrix(1, n, outputs);
            Nd4j.gemm(windows, matrix(w), product, false, false, 1, 0);
            float[] byOutput = scratch.heap(1, outputs * n);
            pointer(product).get(byOutput, 0, outputs * n);
            float[] result = scratch.heap(2, outputs * n);
            for (int i = 0; i < images; i++) {
                for (int o = 0; o < outputs; o++) {
                    int from = o * n + i * positions;
                    int to = (i * outputs + o) * positions;
                    for (int p = 0; p < positions; p++) {
                        result[to + p] = byOutput[from + p] + bias[o];
                    }
                }
            }
            at(z, (long) first * outputs * positions).put(result, 0, outputs * n);
        }
    }

    /**
     * The gradients.
     *
     * @param gradB may be null
     */
    void backward(
            INDArray x,
            INDArray w,
            INDArray epsilon,
            INDArray gradX,
            INDArray gradW,
            INDArray gradB) {
        int batch = Math.toIntExact(x.size(0));
        double[] bias = new double[outputs];
        int most = images(batch);
        INDArray dw = matrix(gradW);
        for (int first = 0; first < batch; first += most) {
            int images = Math.min(most, batch - first);
            int n = images * positions;
            INDArray dz = scratch.matrix(1, n, outputs);
            put(dz, byOutput(epsilon, first, images, bias), outputs * n);
            INDArray windows = scratch.matrix(0, n, taps);
            put(windows, windows(x, first, images), taps * n);
            Nd4j.gemm(windows, dz, dw, true, false, 1, first == 0 ? 0 : 1);
            Nd4j.gemm(dz, matrix(w), windows, false, true, 1, 0);
            addUp(windows, gradX, first, images);
        }
        for (int o = 0; gradB != null && o < outputs; o++) {
            gradB.putScalar(o, bias[o]);
        }
    }

    private int images(int batch) {
        long each = (long) taps * positions;
        return (int) Math.max(1, Math.min(batch, PART / Math.max(1, each)));
    }

    /** What each tap sees, tap by tap. */
    private float[] windows(INDArray x, int first, int images) {
        int size = channels * height * width;
        float[] in = scratch.heap(0, images * size);
        at(x, (long) first * size).get(in, 0, images * size);
        int n = images * positions;
        float[] out = scratch.heap(1, taps * n);
        for (int i = 0; i < images; i++) {
            for (int tap = 0; tap < taps; tap++) {
                int kx = tap % kernelW;
                int ky = tap / kernelW % kernelH;
                int plane = (i * channels + tap / (kernelW * kernelH)) * height;
                for (int y = 0; y < rows; y++) {
                    int to = tap * n + i * positions + y * columns;
                    int row = y * strideH - padTop + ky;
                    if (row < 0 || row >= height) {
                        Arrays.fill(out, to, to + columns, 0);
                    } else {
                        row(in, (plane + row) * width, out, to, kx - padLeft);
                    }
                }
            }
        }
        return out;
    }

    /** One row of outputs, from column {@code shift} of a row of inputs on. */
    private void row(float[] in, int from, float[] out, int to, int shift) {
        int left = leftOf(shift);
        int right = rightOf(shift);
        Arrays.fill(out, to, to + left, 0);
        if (strideW == 1) {
            System.arraycopy(in, from + left + shift, out, to + left, right - left);
        } else {
            for (int c = left; c < right; c++) {
                out[to + c] = in[from + c * strideW + shift];
            }
        }
        Arrays.fill(out, to + right, to + columns, 0);
    }

    /** The first output whose tap is not in the padding on the left. */
    private int leftOf(int shift) {
        return shift >= 0 ? 0 : Math.min(columns, (-shift + strideW - 1) / strideW);
    }

    /** The end of those whose tap is not in the padding on the right. */
    private int rightOf(int shift) {
        int inside = width - shift;
        int end = inside <= 0 ? 0 : (inside + strideW - 1) / strideW;
        return Math.max(leftOf(shift), Math.min(columns, end));
    }

    /** Gradients of windows, added up where they came from. */
    private void addUp(INDArray windows, INDArray gradX, int first, int images) {
        int n = images * positions;
        int size = channels * height * width;
        float[] in = scratch.heap(1, taps * n);
        pointer(windows).get(in, 0, taps * n);
        float[] out = scratch.heap(0, images * size);
        Arrays.fill(out, 0, images * size, 0);
        for (int i = 0; i < images; i++) {
            for (int tap = 0; tap < taps; tap++) {
                int shift = tap % kernelW - padLeft;
                int ky = tap / kernelW % kernelH;
                int plane = (i * channels + tap / (kernelW * kernelH)) * height;
                int left = leftOf(shift);
                int right = rightOf(shift);
                for (int y = 0; y < rows; y++) {
                    int row = y * strideH - padTop + ky;
                    if (row >= 0 && row < height) {
                        int from = tap * n + i * positions + y * columns;
                        int to = (plane + row) * width + shift;
                        for (int c = left; c < right; c++) {
                            out[to + c * strideW] += in[from + c];
                        }
                    }
                }
            }
        }
        at(gradX, (long) first * size).put(out, 0, images * size);
    }

    /** Gradients with all positions of an output in a row; their sums are added to the bias'. */
    private float[] byOutput(INDArray epsilon, int first, int images, double[] bias) {
        int n = images * positions;
        float[] in = scratch.heap(1, outputs * n);
        at(epsilon, (long) first * outputs * positions).get(in, 0, outputs * n);
        float[] out = scratch.heap(2, outputs * n);
        for (int i = 0; i < images; i++) {
            for (int o = 0; o < outputs; o++) {
                int from = (i * outputs + o) * positions;
                System.arraycopy(in, from, out, o * n + i * positions, positions);
                double sum = 0;
                for (int p = from; p < from + positions; p++) {
                    sum += in[p];
                }
                bias[o] += sum;
            }
        }
        return out;
    }

    /** Weights as a matrix {@code [K, O]}, column by column: they lie so anyway. */
    private INDArray matrix(INDArray w) {
        return Nd4j.create(
                w.data(), new long[] {taps, outputs}, new long[] {1, taps}, w.offset(), 'f');
    }

    private static void put(INDArray matrix, float[] values, int count) {
        pointer(matrix).put(values, 0, count);
    }

    private static FloatPointer pointer(INDArray array) {
        return at(array, 0);
    }

    private static FloatPointer at(INDArray array, long element) {
        FloatPointer pointer = new FloatPointer(array.data().pointer());
        return pointer.position(array.offset() + element);
    }

    /** Arrays that are used again by the next call. */
    private static final class Scratch {
        private final INDArray[] outside = new INDArray[2];
        private final float[][] heap = new float[3][0];

        float[] heap(int which, int length) {
            if (heap[which].length < length) {
                heap[which] = new float[length];
            }
            return heap[which];
        }

        /** A matrix whose columns lie one after the other. */
        INDArray matrix(int which, long rows, long columns) {
            if (outside[which] == null || outside[which].length() < rows * columns) {
                try (MemoryWorkspace none = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                    outside[which] = Nd4j.createUninitialized(DataType.FLOAT, rows * columns);
                }
            }
            return Nd4j.create(
                    outside[which].data(),
                    new long[] {rows, columns},
                    new long[] {1, rows},
                    outside[which].offset(),
                    'f');
        }
    }
}
