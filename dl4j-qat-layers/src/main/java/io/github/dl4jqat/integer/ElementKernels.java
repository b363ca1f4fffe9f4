package io.github.dl4jqat.integer;

/** Kernels that move or map single integers. */
final class ElementKernels {

    private ElementKernels() {}

    static JavaKernel lookup(Lookup op) {
        int[] table = op.table();
        int qMin = op.input().params().spec().qMin();
        return (in, out, examples) -> {
            for (int i = 0; i < out.length; i++) {
                out[i] = table[in[i] - qMin];
            }
        };
    }

    static JavaKernel transpose(Transpose op) {
        int[] source = sources(op);
        return (in, out, examples) -> {
            for (int e = 0; e < examples; e++) {
                int start = e * source.length;
                for (int i = 0; i < source.length; i++) {
                    out[start + i] = in[start + source[i]];
                }
            }
        };
    }

    /** For each element of an example of the output, where it lies in the input. */
    private static int[] sources(Transpose op) {
        int rank = op.input().rank();
        int[] inputStride = new int[rank];
        int stride = 1;
        for (int axis = rank - 1; axis >= 0; axis--) {
            inputStride[axis] = stride;
            stride *= op.input().size(axis);
        }
        int[] source = new int[op.output().elements()];
        for (int i = 0; i < source.length; i++) {
            int rest = i;
            for (int axis = rank - 1; axis >= 0; axis--) {
                int size = op.output().size(axis);
                source[i] += rest % size * inputStride[op.permutation().get(axis)];
                rest /= size;
            }
        }
        return source;
    }
}
