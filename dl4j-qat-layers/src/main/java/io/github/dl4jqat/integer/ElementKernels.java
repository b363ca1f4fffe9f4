package io.github.dl4jqat.integer;

/** Kernels that map single integers. */
final class ElementKernels {

    private ElementKernels() {}

    static JavaKernel.Unary lookup(Lookup op) {
        int[] table = op.table();
        int qMin = op.input().params().spec().qMin();
        int tables = op.tables();
        int levels = table.length / tables;
        // Elements in a row that share a table; with one table the rows do not matter.
        int run = op.input().elements() / tables;
        return (in, out, examples) -> {
            for (int row = 0; row < examples * tables; row++) {
                int first = row % tables * levels - qMin;
                for (int i = row * run; i < (row + 1) * run; i++) {
                    out[i] = table[first + in[i]];
                }
            }
        };
    }
}
