package io.github.dl4jqat.integer;

import io.github.dl4jqat.kernels.RecurrentCell;

/** An operation made ready to run in plain Java. Implementations are thread-safe. */
interface JavaKernel {

    /**
     * Computes {@code examples} examples.
     *
     * @param in the integers of each input, row-major with the batch first; several ops may read
     *     them, so a kernel leaves them alone
     * @param out receives the output's integers
     */
    void run(int[][] in, int[] out, int examples);

    /** A kernel with one input. */
    interface Unary extends JavaKernel {

        /** {@link JavaKernel#run} on the only input. */
        void run(int[] in, int[] out, int examples);

        @Override
        default void run(int[][] in, int[] out, int examples) {
            run(in[0], out, examples);
        }
    }

    /** The kernel of an operation between {@link Quantize} and {@link Dequantize}. */
    static JavaKernel of(IntegerOp op) {
        if (op instanceof Conv2d conv) {
            return new ConvKernel(conv);
        } else if (op instanceof Conv3d conv) {
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
            return (Unary) (in, out, examples) -> System.arraycopy(in, 0, out, 0, out.length);
        } else if (op instanceof Transpose transpose) {
            return LayoutKernels.transpose(transpose);
        } else if (op instanceof Combine combine) {
            return new CombineKernel(combine);
        } else if (op instanceof Concat concat) {
            return LayoutKernels.concat(concat);
        } else if (op instanceof Slice slice) {
            return LayoutKernels.slice(slice);
        } else if (op instanceof Pad pad) {
            return LayoutKernels.pad(pad);
        } else if (op instanceof Upsample upsample) {
            return LayoutKernels.upsample(upsample);
        } else if (op instanceof Spread spread) {
            return LayoutKernels.spread(spread);
        } else if (op instanceof Reverse reverse) {
            return LayoutKernels.reverse(reverse);
        } else if (op instanceof Recurrent recurrent) {
            return recurrent(recurrent.cell(), recurrent.steps());
        }
        throw new IllegalArgumentException("JavaKernel: " + op + " has no kernel on integers");
    }

    private static Unary recurrent(RecurrentCell cell, int steps) {
        return (in, out, examples) ->
                cell.run(in, out, steps, null, cell.zeroState(examples), 0, examples);
    }
}
