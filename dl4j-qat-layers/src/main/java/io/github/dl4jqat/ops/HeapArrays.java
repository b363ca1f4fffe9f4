package io.github.dl4jqat.ops;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;

/**
 * Between arrays of FLOAT or DOUBLE and doubles on the heap, in whole blocks: for loops that look
 * at a few numbers at a time, where a native op for each would take longer than its work.
 *
 * <p>Stateless and thread-safe.
 */
public final class HeapArrays {

    private HeapArrays() {}

    /** All elements in row-major order, as a copy. */
    public static double[] of(INDArray x) {
        INDArray dense = supported(x);
        if (!isRowMajor(dense)) {
            dense = dense.dup('c');
        }
        double[] values = new double[Math.toIntExact(dense.length())];
        read(dense, values);
        return values;
    }

    /**
     * Whether an array of FLOAT or DOUBLE is one run of memory in row-major order. A vector is,
     * whatever order it claims, where its elements are next to each other.
     */
    public static boolean isRowMajor(INDArray x) {
        if (x.dataType() != DataType.FLOAT && x.dataType() != DataType.DOUBLE) {
            return false;
        }
        long longer = 0;
        long stride = 1;
        for (int axis = 0; axis < x.rank(); axis++) {
            if (x.size(axis) != 1) {
                longer++;
                stride = x.stride(axis);
            }
        }
        return longer <= 1
                ? stride == 1
                : x.ordering() == 'c' && Shape.hasDefaultStridesForShape(x);
    }

    private static INDArray supported(INDArray x) {
        boolean known = x.dataType() == DataType.FLOAT || x.dataType() == DataType.DOUBLE;
        return known ? x : x.castTo(DataType.DOUBLE);
    }

    /** The elements of an array without gaps in the order of its memory. */
    public static void read(INDArray dense, double[] values) {
        if (dense.dataType() == DataType.DOUBLE) {
            new DoublePointer(dense.data().pointer()).position(dense.offset()).get(values);
            return;
        }
        float[] floats = new float[values.length];
        new FloatPointer(dense.data().pointer()).position(dense.offset()).get(floats);
        for (int i = 0; i < floats.length; i++) {
            values[i] = floats[i];
        }
    }

    /**
     * Fills an array without gaps, in the order of its memory, from {@code values[from]} on; its
     * own length says how many.
     */
    public static void write(double[] values, int from, INDArray dense) {
        int n = Math.toIntExact(dense.length());
        if (dense.dataType() == DataType.DOUBLE) {
            new DoublePointer(dense.data().pointer()).position(dense.offset()).put(values, from, n);
            return;
        }
        float[] floats = new float[n];
        for (int i = 0; i < n; i++) {
            floats[i] = (float) values[from + i];
        }
        new FloatPointer(dense.data().pointer()).position(dense.offset()).put(floats);
    }
}
