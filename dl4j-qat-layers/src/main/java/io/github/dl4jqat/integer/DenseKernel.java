package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantizer;

/**
 * A fully connected layer in plain Java: four inputs at a time times their rows of weights, {@code
 * acc[o] += x0 * row0[o] + ... + x3 * row3[o]}. The rows are unpacked when the layer is made,
 * unless they are very many; then each channel's weights are, once for a block.
 */
final class DenseKernel implements JavaKernel.Unary {

    /** Four bytes of memory for each. */
    private static final int MOST_UNPACKED = 1 << 22;

    private static final int TOGETHER = 4;

    private final Weights weights;
    private final Requantizer requantizer;
    private final int zeroPoint;
    private final int inputs;
    private final int outputs;

    /** {@code [input][output]}, filled up with rows of zeros; null if there are too many. */
    private final int[][] rows;

    DenseKernel(Dense op) {
        this.weights = op.weights();
        this.requantizer = op.requantizer();
        this.zeroPoint = op.input().params().zeroPoint();
        this.inputs = op.input().elements();
        this.outputs = op.output().elements();
        this.rows = weights.elements() <= MOST_UNPACKED ? rows() : null;
    }

    private int padded() {
        return (inputs + TOGETHER - 1) / TOGETHER * TOGETHER;
    }

    private int[][] rows() {
        int[][] all = new int[padded()][outputs];
        for (int o = 0; o < outputs; o++) {
            for (int i = 0; i < inputs; i++) {
                all[i][o] = weights.get(o * inputs + i);
            }
        }
        return all;
    }

    @Override
    public void run(int[] in, int[] out, int examples) {
        int[][] x = new int[examples][padded()];
        for (int e = 0; e < examples; e++) {
            for (int i = 0; i < inputs; i++) {
                x[e][i] = in[e * inputs + i] - zeroPoint;
            }
        }
        int[][] acc = new int[examples][];
        for (int e = 0; e < examples; e++) {
            acc[e] = weights.biases();
        }
        if (rows == null) {
            byChannel(x, acc);
        } else {
            byInput(x, acc);
        }
        for (int e = 0; e < examples; e++) {
            for (int o = 0; o < outputs; o++) {
                out[e * outputs + o] = requantizer.apply(acc[e][o], o);
            }
        }
    }

    private void byInput(int[][] x, int[][] acc) {
        for (int i = 0; i < inputs; i += TOGETHER) {
            for (int e = 0; e < acc.length; e++) {
                int[] xe = x[e];
                addFour(
                        acc[e],
                        rows[i],
                        rows[i + 1],
                        rows[i + 2],
                        rows[i + 3],
                        xe[i],
                        xe[i + 1],
                        xe[i + 2],
                        xe[i + 3]);
            }
        }
    }

    /** All arrays are read at the same place, which is what the JIT compiler vectorizes. */
    private static void addFour(
            int[] acc, int[] a, int[] b, int[] c, int[] d, int xa, int xb, int xc, int xd) {
        for (int o = 0; o < acc.length; o++) {
            acc[o] += xa * a[o] + xb * b[o] + xc * c[o] + xd * d[o];
        }
    }

    private void byChannel(int[][] x, int[][] acc) {
        int[] w = new int[inputs];
        for (int o = 0; o < outputs; o++) {
            weights.copyChannel(o, w);
            for (int e = 0; e < acc.length; e++) {
                acc[e][o] += dot(w, x[e]);
            }
        }
    }

    private static int dot(int[] a, int[] b) {
        int sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
