package io.github.dl4jqat.integer;

import java.util.Arrays;
import java.util.List;

/**
 * Floats that an operation is made with, row-major: weights that no quantizer has reached.
 * Immutable and thread-safe.
 */
public final class FloatConstant {

    private final List<Integer> shape;
    private final float[] values;

    private FloatConstant(List<Integer> shape, float[] values) {
        this.shape = shape;
        this.values = values;
    }

    /**
     * Checks and copies.
     *
     * @param shape one or more sizes above 0
     * @param values as many finite numbers as the shape says
     * @throws IllegalArgumentException if shape and values do not go together
     */
    public static FloatConstant of(List<Integer> shape, float... values) {
        long count = 1;
        for (int n : shape) {
            if (n < 1 || (count *= n) > TensorType.MAX_ELEMENTS) {
                throw new IllegalArgumentException(
                        "FloatConstant: shape "
                                + shape
                                + " is not possible, expected sizes above 0 and up to "
                                + TensorType.MAX_ELEMENTS
                                + " elements");
            }
        }
        if (shape.isEmpty() || count != values.length) {
            throw new IllegalArgumentException(
                    "FloatConstant: " + values.length + " numbers do not fill the shape " + shape);
        }
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalArgumentException(
                        "FloatConstant: number "
                                + i
                                + " is "
                                + values[i]
                                + ", expected finite ones; has the training diverged?");
            }
        }
        return new FloatConstant(List.copyOf(shape), values.clone());
    }

    /** The sizes. */
    public List<Integer> shape() {
        return shape;
    }

    /** The size of an axis. */
    public int size(int axis) {
        return shape.get(axis);
    }

    /** How many numbers there are. */
    public int elements() {
        return values.length;
    }

    /** A copy of the numbers. */
    public float[] values() {
        return values.clone();
    }

    /** One number, counted row by row. */
    public float get(int i) {
        return values[i];
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof FloatConstant other
                && shape.equals(other.shape)
                && Arrays.equals(values, other.values);
    }

    @Override
    public int hashCode() {
        return 31 * shape.hashCode() + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "floats " + shape;
    }
}
