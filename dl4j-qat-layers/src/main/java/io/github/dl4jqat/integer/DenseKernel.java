package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantizer;

/** A fully connected layer in plain Java; each row of weights is unpacked once for a block. */
final class DenseKernel implements JavaKernel.Unary {

    private final Weights weights;
    private final Requantizer requantizer;
    private final int zeroPoint;
    private final int inputs;
    private final int outputs;

    DenseKernel(Dense op) {
        this.weights = op.weights();
        this.requantizer = op.requantizer();
        this.zeroPoint = op.input().params().zeroPoint();
        this.inputs = op.input().elements();
        this.outputs = op.output().elements();
    }

    @Override
    public void run(int[] in, int[] out, int examples) {
        int[][] x = new int[examples][inputs];
        for (int e = 0; e < examples; e++) {
            for (int i = 0; i < inputs; i++) {
                x[e][i] = in[e * inputs + i] - zeroPoint;
            }
        }
        int[] w = new int[inputs];
        for (int o = 0; o < outputs; o++) {
            weights.copyChannel(o, w);
            for (int e = 0; e < examples; e++) {
                out[e * outputs + o] = requantizer.apply(weights.bias(o) + dot(w, x[e]), o);
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
