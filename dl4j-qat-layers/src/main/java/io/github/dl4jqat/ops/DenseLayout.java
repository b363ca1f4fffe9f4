package io.github.dl4jqat.ops;

import java.util.Arrays;
import java.util.Comparator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How the elements of a dense array lie in memory with respect to one axis: element number {@code
 * i} of the buffer belongs to channel {@code i / inner % channels}. Holds for c order, f order and
 * any permutation of them, because in a dense array the stride of an axis is the size of everything
 * inside it. Where a channel is one run of memory it may be cut into groups, each of which then
 * counts as a channel of its own.
 *
 * @param length elements in all
 * @param inner elements between two channels
 * @param channels size of the axis
 * @param group elements in a group, or 0 for no groups
 */
record DenseLayout(long length, long inner, int channels, int group) {

    /** Whether the elements of an array fill one run of memory without gaps. */
    static boolean isDense(INDArray array) {
        Integer[] axes = new Integer[array.rank()];
        Arrays.setAll(axes, i -> i);
        Arrays.sort(axes, Comparator.comparingLong(a -> array.stride(a)));
        long expected = 1;
        for (int axis : axes) {
            if (array.size(axis) == 1) {
                continue;
            }
            if (array.stride(axis) != expected) {
                return false;
            }
            expected *= array.size(axis);
        }
        return true;
    }

    /** A new array with the type, the shape and the strides of a dense one. */
    static INDArray emptyLike(INDArray model) {
        Integer[] outerFirst = new Integer[model.rank()];
        Arrays.setAll(outerFirst, i -> i);
        Arrays.sort(
                outerFirst, Comparator.comparingLong((Integer a) -> model.stride(a)).reversed());
        long[] shape = new long[model.rank()];
        int[] back = new int[model.rank()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = model.size(outerFirst[i]);
            back[outerFirst[i]] = i;
        }
        INDArray rows = Nd4j.createUninitialized(model.dataType(), shape, 'c');
        return shape.length < 2 ? rows : rows.permute(back);
    }

    /** One channel for everything. */
    static DenseLayout whole(INDArray array) {
        return new DenseLayout(array.length(), array.length(), 1, 0);
    }

    /** The channels of {@code axis}. */
    static DenseLayout ofAxis(INDArray array, int axis) {
        int channels = Math.toIntExact(array.size(axis));
        // The stride of an axis of size 1 says nothing; one channel holds everything.
        return channels == 1
                ? whole(array)
                : new DenseLayout(array.length(), array.stride(axis), channels, 0);
    }

    /** The groups of each channel; channels have to be runs of memory. */
    DenseLayout withGroups(int groupSize) {
        return new DenseLayout(length, inner, channels, groupSize);
    }

    /** Elements in a row that share a scale, short last groups aside. */
    long shortestRun() {
        return group == 0 ? inner : Math.min(inner, group);
    }

    /** How many groups a channel has; the last may be shorter. */
    int groupsPerChannel() {
        return Math.toIntExact((inner + group - 1) / group);
    }

    /** How many scales the layout asks for. */
    int scales() {
        return group == 0 ? channels : Math.multiplyExact(channels, groupsPerChannel());
    }
}
