package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;
import java.util.List;

/** Sums, differences, products and maxima of tensors in plain Java. */
final class CombineKernel implements JavaKernel {

    private final Combine.Kind kind;
    private final Requantizer requantizer;
    private final int[] zeroPoints;
    private final int[] sizes;
    private final int size;

    /** How an input is repeated to the output's shape; null where it has that shape. */
    private final StridedCopy[] repeats;

    CombineKernel(Combine op) {
        List<TensorType> inputs = op.inputs();
        this.kind = op.kind();
        this.requantizer = kind == Combine.Kind.MAX ? null : op.requantizer();
        this.zeroPoints = new int[inputs.size()];
        this.sizes = new int[inputs.size()];
        this.repeats = new StridedCopy[inputs.size()];
        this.size = op.output().elements();
        for (int k = 0; k < sizes.length; k++) {
            TensorType in = inputs.get(k);
            // A maximum compares integers as they are: all inputs mean the same.
            zeroPoints[k] = kind == Combine.Kind.MAX ? 0 : in.params().zeroPoint();
            sizes[k] = in.elements();
            if (!in.shape().equals(op.output().shape())) {
                repeats[k] = repeat(in, op.output());
            }
        }
    }

    private static StridedCopy repeat(TensorType in, TensorType out) {
        int[] source = StridedCopy.strides(in);
        int[] target = StridedCopy.strides(out);
        StridedCopy.Builder copy = StridedCopy.builder();
        for (int axis = 0; axis < source.length; axis++) {
            int step = in.size(axis) == 1 ? 0 : source[axis];
            copy.axis(out.size(axis), step, target[axis]);
        }
        return copy.build();
    }

    @Override
    public void run(int[][] in, int[] out, int examples) {
        int[] acc = new int[size];
        int[] repeated = new int[Arrays.stream(repeats).allMatch(r -> r == null) ? 0 : size];
        for (int e = 0; e < examples; e++) {
            for (int k = 0; k < in.length; k++) {
                if (repeats[k] == null) {
                    add(k, in[k], e * size, acc);
                } else {
                    repeats[k].copy(in[k], e * sizes[k], repeated, 0);
                    add(k, repeated, 0, acc);
                }
            }
            for (int i = 0; i < size; i++) {
                out[e * size + i] = requantizer == null ? acc[i] : requantizer.apply(acc[i], 0);
            }
        }
    }

    private void add(int k, int[] x, int from, int[] acc) {
        int zero = zeroPoints[k];
        if (k == 0) {
            for (int i = 0; i < acc.length; i++) {
                acc[i] = x[from + i] - zero;
            }
            return;
        }
        switch (kind) {
            case SUM, AVERAGE -> {
                for (int i = 0; i < acc.length; i++) {
                    acc[i] += x[from + i] - zero;
                }
            }
            case SUBTRACT -> {
                for (int i = 0; i < acc.length; i++) {
                    acc[i] -= x[from + i] - zero;
                }
            }
            case PRODUCT -> {
                for (int i = 0; i < acc.length; i++) {
                    acc[i] *= x[from + i] - zero;
                }
            }
            case MAX -> {
                for (int i = 0; i < acc.length; i++) {
                    acc[i] = Math.max(acc[i], x[from + i]);
                }
            }
        }
    }
}
