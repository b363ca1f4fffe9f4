package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;

/**
 * The integers of a weight matrix, one row for each output: {@code values[row * columns + column]}.
 *
 * <p>Immutable and thread-safe.
 */
public final class WeightRows {

    private static final int WIDEST = Short.SIZE;

    private final int[] values;
    private final int columns;
    private final QuantParams params;

    private WeightRows(int[] values, int columns, QuantParams params) {
        this.values = values;
        this.columns = columns;
        this.params = params;
    }

    /**
     * Checks and copies.
     *
     * @param values row by row, each an integer of the spec
     * @param columns how many values a row has
     * @param params zero point 0; one scale, or one for each row
     */
    public static WeightRows of(int[] values, int columns, QuantParams params) {
        if (columns < 1 || values.length == 0 || values.length % columns != 0) {
            throw new IllegalArgumentException(
                    "WeightRows: " + values.length + " values for rows of " + columns);
        }
        int rows = values.length / columns;
        if (params.size() != 1 && params.size() != rows) {
            throw new IllegalArgumentException(
                    "WeightRows: "
                            + params.size()
                            + " scales for "
                            + rows
                            + " rows; give one scale, or one for each row");
        }
        if (params.zeroPoint() != 0 || params.spec().bits() > WIDEST) {
            throw new IllegalArgumentException(
                    "WeightRows: "
                            + params
                            + "; weights have zero point 0 and at most "
                            + WIDEST
                            + " bits");
        }
        for (int q : values) {
            if (q < params.spec().qMin() || q > params.spec().qMax()) {
                throw new IllegalArgumentException(
                        "WeightRows: value "
                                + q
                                + " is outside "
                                + params.spec().qMin()
                                + ".."
                                + params.spec().qMax());
            }
            if (params.spec().symmetry() == Symmetry.MID_RISE && q % 2 == 0) {
                throw new IllegalArgumentException(
                        "WeightRows: value " + q + " is even; " + params + " has odd ones only");
            }
        }
        return new WeightRows(values.clone(), columns, params);
    }

    /** A copy of all integers, row by row. */
    public int[] values() {
        return values.clone();
    }

    /** What the integers mean. */
    public QuantParams params() {
        return params;
    }

    /** How many outputs there are. */
    public int rows() {
        return values.length / columns;
    }

    /** How many inputs there are. */
    public int columns() {
        return columns;
    }

    /** Bytes of the integers at their bit width, and of scales. */
    public long bytes() {
        long bits = (long) values.length * params.spec().bits();
        return (bits + 7) / 8 + 4L * params.size();
    }

    /** The integer at a place. */
    int get(int row, int column) {
        return values[row * columns + column];
    }

    /** The sum of products of a row and a vector; {@link #largest} says whether it fits an int. */
    int dot(int row, int[] x) {
        int from = row * columns;
        int sum = 0;
        for (int i = 0; i < columns; i++) {
            sum += values[from + i] * x[i];
        }
        return sum;
    }

    /** The largest magnitude that the sum of a row can have for elements up to {@code step}. */
    long largest(int row, int step) {
        long sum = 0;
        for (int i = row * columns; i < (row + 1) * columns; i++) {
            sum += Math.abs(values[i]);
        }
        return sum * step;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof WeightRows other
                && columns == other.columns
                && params.equals(other.params)
                && Arrays.equals(values, other.values);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * params.hashCode() + columns) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "weights [" + rows() + ", " + columns + "] " + params;
    }
}
