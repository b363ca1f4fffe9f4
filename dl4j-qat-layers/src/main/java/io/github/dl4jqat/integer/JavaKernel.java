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
        if (op instanceof Conv2d conv) {
            return new ConvKernel(conv);
        } else if (op instanceof Dense dense) {
            return new DenseKernel(dense);
        } else if (op instanceof MaxPool2d maxPool) {
            return PoolKernels.max(maxPool);
        } else if (op instanceof AveragePool2d averagePool) {
            return PoolKernels.average(averagePool);
        } else if (op instanceof GlobalPool globalPool) {
            return PoolKernels.global(globalPool);
        } else if (op instanceof Lookup lookup) {
            return ElementKernels.lookup(lookup);
        } else if (op instanceof Reshape) {
            return (in, out, examples) -> System.arraycopy(in, 0, out, 0, out.length);
        } else if (op instanceof Transpose transpose) {
            return ElementKernels.transpose(transpose);
        }
        throw new IllegalArgumentException("JavaKernel: " + op + " has no kernel on integers");
    }
}
