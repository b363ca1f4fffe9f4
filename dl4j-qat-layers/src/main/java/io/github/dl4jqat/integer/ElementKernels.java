package io.github.dl4jqat.integer;

import java.util.Arrays;

/** Kernels that move or map single integers. */
final class ElementKernels {

    private ElementKernels() {}

    static JavaKernel.Unary lookup(Lookup op) {
        int[] table = op.table();
        int qMin = op.input().params().spec().qMin();
        return (in, out, examples) -> {
            for (int i = 0; i < out.length; i++) {
                out[i] = table[in[i] - qMin];
            }
        };
    }

    static JavaKernel.Unary transpose(Transpose op) {
        int rank = op.input().rank();
        int[] inputStride = new int[rank];
        int elements = 1;
        for (int axis = rank - 1; axis >= 0; axis--) {
            inputStride[axis] = elements;
            elements *= op.input().size(axis);
        }
        int[] sizes = new int[rank];
        int[] strides = new int[rank];
        for (int axis = 0; axis < rank; axis++) {
            sizes[axis] = op.output().size(axis);
            strides[axis] = inputStride[op.permutation().get(axis)];
        }
        int size = elements;
        return (in, out, examples) -> {
            for (int e = 0; e < examples; e++) {
                copy(in, e * size, out, e * size, sizes, strides);
            }
        };
    }

    /** Walks the output in order and keeps the place in the input like an odometer. */
    private static void copy(int[] in, int from, int[] out, int to, int[] sizes, int[] strides) {
        int last = sizes.length - 1;
        int[] index = new int[sizes.length];
        int end = to + Arrays.stream(sizes).reduce(1, Math::multiplyExact);
        int source = from;
        int target = to;
        while (target < end) {
            for (int i = 0; i < sizes[last]; i++) {
                out[target++] = in[source + i * strides[last]];
            }
            for (int axis = last - 1; axis >= 0; axis--) {
                source += strides[axis];
                if (++index[axis] < sizes[axis]) {
                    break;
                }
                source -= index[axis] * strides[axis];
                index[axis] = 0;
            }
        }
    }
}
