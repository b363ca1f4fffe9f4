package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.List;

/**
 * A copy of a block of elements from one array to another, with a stride of its own along each axis
 * on both sides. Everything that only moves integers is one: a transposition permutes the strides
 * of its input, a reversed axis has a negative one, a repeated element has stride 0, and a gap is a
 * longer stride of the output.
 *
 * <p>Immutable and thread-safe.
 */
final class StridedCopy {

    private final int[] sizes;
    private final int[] sourceStrides;
    private final int[] targetStrides;
    private final int sourceOffset;
    private final int targetOffset;

    private StridedCopy(Builder axes) {
        int rank = axes.list.size();
        this.sizes = new int[rank];
        this.sourceStrides = new int[rank];
        this.targetStrides = new int[rank];
        for (int i = 0; i < rank; i++) {
            sizes[i] = axes.list.get(i)[0];
            sourceStrides[i] = axes.list.get(i)[1];
            targetStrides[i] = axes.list.get(i)[2];
        }
        this.sourceOffset = axes.sourceOffset;
        this.targetOffset = axes.targetOffset;
    }

    /** Collects axes, the slowest first. Not thread-safe. */
    static final class Builder {
        private final List<int[]> list = new ArrayList<>();
        private int sourceOffset;
        private int targetOffset;

        /** Where in an example of the source and the target the block begins. */
        Builder at(int source, int target) {
            sourceOffset += source;
            targetOffset += target;
            return this;
        }

        /** Adds an axis; one that goes on where the axis before it steps becomes part of that. */
        Builder axis(int size, int sourceStride, int targetStride) {
            if (size == 1) {
                return this;
            }
            int[] before = list.isEmpty() ? null : list.get(list.size() - 1);
            if (before != null
                    && before[1] == size * sourceStride
                    && before[2] == size * targetStride) {
                list.set(list.size() - 1, new int[] {before[0] * size, sourceStride, targetStride});
            } else {
                list.add(new int[] {size, sourceStride, targetStride});
            }
            return this;
        }

        StridedCopy build() {
            if (list.isEmpty()) {
                list.add(new int[] {1, 1, 1});
            }
            return new StridedCopy(this);
        }
    }

    static Builder builder() {
        return new Builder();
    }

    /** The strides of a row-major tensor. */
    static int[] strides(TensorType tensor) {
        int[] strides = new int[tensor.rank()];
        int stride = 1;
        for (int axis = strides.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= tensor.size(axis);
        }
        return strides;
    }

    /** The block at {@code from} of the source to the one at {@code to} of the target. */
    void copy(int[] source, int from, int[] target, int to) {
        copy(0, source, from + sourceOffset, target, to + targetOffset);
    }

    private void copy(int axis, int[] source, int from, int[] target, int to) {
        int size = sizes[axis];
        int step = sourceStrides[axis];
        int targetStep = targetStrides[axis];
        if (axis < sizes.length - 1) {
            for (int i = 0; i < size; i++) {
                copy(axis + 1, source, from + i * step, target, to + i * targetStep);
            }
        } else if (step == 1 && targetStep == 1) {
            System.arraycopy(source, from, target, to, size);
        } else {
            for (int i = 0; i < size; i++) {
                target[to + i * targetStep] = source[from + i * step];
            }
        }
    }
}
