package io.github.dl4jqat.layers;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One number for each channel: out of an array and into one. */
final class ChannelValues {

    private ChannelValues() {}

    /** All numbers of an array. */
    static double[] read(INDArray array) {
        return array.dup().data().asDouble();
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

    /** A new array outside of all workspaces. */
    @SuppressWarnings("try")
    static INDArray array(double[] values, DataType type, long... shape) {
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createFromArray(values).castTo(type).reshape(shape);
        }
    }
}
