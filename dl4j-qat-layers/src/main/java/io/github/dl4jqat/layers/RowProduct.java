package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.HeapArrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Rows on the heap times a matrix, again and again. A row-major block is a column-major one of the
 * transposed shape, so nothing needs turning. Not thread-safe.
 */
final class RowProduct {

    private final INDArray matrix;
    private final boolean forward;
    private final INDArray from;
    private final INDArray to;

    /**
     * A product.
     *
     * @param forward whether it is with the matrix; else with its transpose
     * @param rows how many rows are multiplied at a time
     */
    RowProduct(INDArray matrix, boolean forward, int rows) {
        this.matrix = matrix;
        this.forward = forward;
        long in = matrix.size(forward ? 0 : 1);
        long out = matrix.size(forward ? 1 : 0);
        from = Nd4j.createUninitialized(matrix.dataType(), new long[] {in, rows}, 'f');
        to = Nd4j.createUninitialized(matrix.dataType(), new long[] {out, rows}, 'f');
    }

    /** {@code result} = the rows that begin at {@code at}, times the matrix. */
    void apply(double[] rows, int at, double[] result) {
        HeapArrays.write(rows, at, from);
        Nd4j.gemm(matrix, from, to, forward, false, 1.0, 0.0);
        HeapArrays.read(to, result);
    }
}
