package io.github.dl4jqat.ops;

import io.github.dl4jqat.quant.Granularity;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Brings arrays into the form that {@link OffHeapBlocks} works on, copying only what is not. */
final class DenseArrays {

    private DenseArrays() {}

    /** The array itself where the loops can work on it, else a dense FLOAT or DOUBLE copy. */
    static INDArray of(INDArray array, Granularity granularity, int axis) {
        INDArray floating = array;
        if (array.dataType() != DataType.FLOAT && array.dataType() != DataType.DOUBLE) {
            floating = array.castTo(DataType.FLOAT);
        }
        if (!DenseLayout.isDense(floating)) {
            floating = floating.dup(array.ordering());
        }
        return granularity.kind() == Granularity.Kind.PER_GROUP
                ? channelsAsRuns(floating, axis)
                : floating;
    }

    /**
     * The array, or a copy where each channel is a run of memory with its elements in row-major
     * order of the other axes: a group is a stretch of that order however an array lies.
     */
    static INDArray channelsAsRuns(INDArray array, int axis) {
        int[] axisFirst = new int[array.rank()];
        int[] back = new int[array.rank()];
        axisFirst[0] = axis;
        for (int from = 0, to = 1; from < axisFirst.length; from++) {
            if (from != axis) {
                axisFirst[to++] = from;
            }
        }
        for (int i = 0; i < back.length; i++) {
            back[axisFirst[i]] = i;
        }
        INDArray runs = array.permute(axisFirst);
        return isRowMajor(runs) ? array : runs.dup('c').permute(back);
    }

    private static boolean isRowMajor(INDArray array) {
        long expected = 1;
        for (int i = array.rank() - 1; i >= 0; i--) {
            if (array.size(i) > 1 && array.stride(i) != expected) {
                return false;
            }
            expected *= array.size(i);
        }
        return true;
    }

    /** {@code array} with the type and the strides of {@code model}. */
    static INDArray like(INDArray array, INDArray model) {
        INDArray typed = array.castTo(model.dataType());
        if (DenseLayout.isDense(typed) && sameStrides(typed, model)) {
            return typed;
        }
        return DenseLayout.emptyLike(model).assign(typed);
    }

    private static boolean sameStrides(INDArray a, INDArray b) {
        for (int i = 0; i < a.rank(); i++) {
            if (a.size(i) > 1 && a.stride(i) != b.stride(i)) {
                return false;
            }
        }
        return true;
    }

    /** Where the channels or groups of a dense array lie. */
    static DenseLayout layout(INDArray dense, Granularity granularity, int axis) {
        return switch (granularity.kind()) {
            case PER_TENSOR -> DenseLayout.whole(dense);
            case PER_CHANNEL -> DenseLayout.ofAxis(dense, axis);
            case PER_GROUP -> DenseLayout.ofAxis(dense, axis).withGroups(granularity.groupSize());
        };
    }

    /** Throws where the number of scales does not fit the shape of an array. */
    static void checkScales(INDArray x, int scales, Granularity granularity, int axis) {
        if (x.isEmpty()) {
            return;
        }
        long expected = 1;
        if (granularity.kind() != Granularity.Kind.PER_TENSOR) {
            if (axis < 0 || axis >= x.rank()) {
                throw new IllegalArgumentException(
                        "Fake quantization: channel axis "
                                + axis
                                + " for an array of shape "
                                + Arrays.toString(x.shape())
                                + "; expected 0.."
                                + (x.rank() - 1));
            }
            expected = x.size(axis);
        }
        if (granularity.kind() == Granularity.Kind.PER_GROUP) {
            long channel = x.length() / x.size(axis);
            expected *= (channel + granularity.groupSize() - 1) / granularity.groupSize();
        }
        if (scales != expected) {
            throw new IllegalArgumentException(
                    "Fake quantization: "
                            + scales
                            + " scales for an array of shape "
                            + Arrays.toString(x.shape())
                            + ", which needs "
                            + expected
                            + " ("
                            + granularity.kind()
                            + " along axis "
                            + axis
                            + ")");
        }
    }
}
