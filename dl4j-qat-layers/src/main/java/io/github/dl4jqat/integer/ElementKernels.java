package io.github.dl4jqat.integer;

/** Kernels that map single integers. */
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
}
