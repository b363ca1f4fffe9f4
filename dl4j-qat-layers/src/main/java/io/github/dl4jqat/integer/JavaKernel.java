package io.github.dl4jqat.integer;

/** An operation made ready to run in plain Java. Implementations are thread-safe. */
interface JavaKernel {

    /**
     * Computes {@code examples} examples.
     *
     * @param in the input's integers, row-major with the batch first
     * @param out receives the output's integers
     */
    void run(int[] in, int[] out, int examples);

    /** The kernel of an operation between {@link Quantize} and {@link Dequantize}. */
    static JavaKernel of(IntegerOp op) {
        if (op instanceof Conv2d) {
            return new ConvKernel((Conv2d) op);
        } else if (op instanceof Dense) {
            return new DenseKernel((Dense) op);
        } else if (op instanceof MaxPool2d) {
            return PoolKernels.max((MaxPool2d) op);
        } else if (op instanceof AveragePool2d) {
            return PoolKernels.average((AveragePool2d) op);
        } else if (op instanceof GlobalPool) {
            return PoolKernels.global((GlobalPool) op);
        } else if (op instanceof Lookup) {
            return ElementKernels.lookup((Lookup) op);
        } else if (op instanceof Reshape) {
            return (in, out, examples) -> System.arraycopy(in, 0, out, 0, out.length);
        } else if (op instanceof Transpose) {
            return ElementKernels.transpose((Transpose) op);
        }
        throw new IllegalArgumentException("JavaKernel: " + op + " has no kernel on integers");
    }
}
