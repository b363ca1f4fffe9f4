package io.github.dl4jqat.integer;

/** A float operation made ready to run in plain Java. Implementations are thread-safe. */
interface FloatKernel {

    /**
     * Computes {@code examples} examples.
     *
     * @param x the input, row-major with the batch first, which is left as it is
     * @param y receives the output
     */
    void run(float[] x, float[] y, int examples);

    /**
     * The same for an operation that reads several tensors.
     *
     * @param all the inputs in the operation's order
     */
    default void run(float[][] all, float[] y, int examples) {
        run(all[0], y, examples);
    }

    /** The kernel of an operation. */
    static FloatKernel of(FloatOp op) {
        if (op instanceof LocalResponseNorm lrn) {
            return FloatKernels.normalization(lrn);
        } else if (op instanceof L2Normalize normalize) {
            return FloatKernels.l2Normalize(normalize);
        } else if (op instanceof PNormPool2d pool) {
            return FloatKernels.pNorm(pool);
        } else if (op instanceof GlobalPNormPool pool) {
            return FloatKernels.pNorm(pool);
        } else if (op instanceof FloatSoftmax softmax) {
            return FloatKernels.softmax(softmax);
        } else if (op instanceof YoloActivation yolo) {
            return FloatKernels.yolo(yolo);
        } else if (op instanceof DotProductAttention attention) {
            return new AttentionKernel(attention);
        } else if (op instanceof MultiHeadAttention attention) {
            return new AttentionKernel(attention);
        }
        throw new IllegalArgumentException("FloatKernel: " + op + " has no kernel on floats");
    }
}
