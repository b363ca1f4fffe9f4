package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.HeapArrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One number for each channel: out of an array and into one. */
final class ChannelValues {

    private static final int FEW = 1024;

    private ChannelValues() {}

    /** All numbers of an array. */
    static double[] read(INDArray array) {
        return HeapArrays.of(array);
    }

    /** Writes all numbers of an array. */
    static void write(double[] values, INDArray array) {
        if (array.length() != values.length) {
            throw new IllegalArgumentException(
                    values.length
                            + " values for an array of "
                            + array.length()
                            + " channels; both must have the same number");
        }
        array.assign(array(values, array.dataType(), array.shape()));
    }

    /**
     * A new array outside of all workspaces. Floats are made here: for a few numbers the operator
     * that casts takes longer than all else that is done with them.
     */
    @SuppressWarnings("try")
    static INDArray array(double[] values, DataType type, long... shape) {
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray all =
                    type == DataType.FLOAT
                            ? Nd4j.createFromArray(floats(values))
                            : Nd4j.createFromArray(values).castTo(type);
            return all.reshape(shape);
        }
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** Fills an array with zeros, a short one without the operator that does it. */
    static void zero(INDArray array) {
        if (array.length() <= FEW) {
            overwrite(array, new double[Math.toIntExact(array.length())]);
        } else {
            array.assign(0);
        }
    }

    /** Fills an array without the operator that does it, where that can be. */
    static void overwrite(INDArray array, double[] values) {
        if (HeapArrays.isRowMajor(array) && array.length() == values.length) {
            HeapArrays.write(values, 0, array);
            return;
        }
        for (int i = 0; i < values.length; i++) {
            array.putScalar(i, values[i]);
        }
    }
}
