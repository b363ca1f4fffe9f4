package io.github.dl4jqat.layers;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The zeros that a convolution imagines around its input, as elements of an array. Where a stride
 * leaves out elements at the beginning, these are cut off instead.
 */
final class ExplicitPadding {

    private final int[] before;
    private final int[] after;

    /**
     * A padding on the axes behind batch and channels.
     *
     * @param before zeros before each axis; negative to cut off
     * @param after zeros behind each axis, or none if negative
     */
    ExplicitPadding(int[] before, int[] after) {
        this.before = before.clone();
        this.after = after.clone();
    }

    private boolean isNone() {
        return Arrays.stream(before).allMatch(n -> n == 0)
                && Arrays.stream(after).allMatch(n -> n <= 0);
    }

    /** The array with its zeros; itself if there are none. */
    INDArray around(INDArray x) {
        if (isNone()) {
            return x;
        }
        long[] shape = x.shape().clone();
        for (int axis = 0; axis < before.length; axis++) {
            shape[axis + 2] += before[axis] + Math.max(0, after[axis]);
        }
        INDArray padded = Nd4j.zeros(x.dataType(), shape);
        padded.get(inPadded(x)).assign(x.get(inArray(x)).dup('c'));
        return padded;
    }

    /** Takes from a padded array what is not padding. */
    void inside(INDArray padded, INDArray x) {
        if (padded != x) {
            x.assign(0);
            x.get(inArray(x)).assign(padded.get(inPadded(x)).dup('c'));
        }
    }

    private INDArrayIndex[] inArray(INDArray x) {
        return indices(x, Math::negateExact);
    }

    private INDArrayIndex[] inPadded(INDArray x) {
        return indices(x, n -> n);
    }

    private INDArrayIndex[] indices(INDArray x, java.util.function.IntUnaryOperator side) {
        INDArrayIndex[] index = new INDArrayIndex[x.rank()];
        Arrays.fill(index, NDArrayIndex.all());
        for (int axis = 0; axis < before.length; axis++) {
            long from = Math.max(0, side.applyAsInt(before[axis]));
            long length = x.size(axis + 2) - Math.max(0, -before[axis]);
            index[axis + 2] = NDArrayIndex.interval(from, from + length);
        }
        return index;
    }
}
