package io.github.dl4jqat.kernels;

import java.util.function.DoubleUnaryOperator;

/**
 * The values of a tensor by scale, for estimators that measure more than a range: one row for each
 * channel or group, or a single one.
 *
 * <p>Not changed after construction; thread-safe.
 */
public final class TensorStatistics {

    private final double[][] rows;

    /** Takes the rows over without a copy. */
    public TensorStatistics(double[][] rows) {
        this.rows = rows;
    }

    /** How many scales there are. */
    public int scales() {
        return rows.length;
    }

    /** How many values share scale {@code c}. */
    public int count(int c) {
        return rows[c].length;
    }

    /** How many values there are in all. */
    public long count() {
        long n = 0;
        for (double[] row : rows) {
            n += row.length;
        }
        return n;
    }

    /** Value {@code i} of scale {@code c}. */
    public double value(int c, int i) {
        return rows[c][i];
    }

    /** The mean of {@code f(value)} over scale {@code c}; 0 for none. */
    public double mean(int c, DoubleUnaryOperator f) {
        double sum = 0;
        for (double v : rows[c]) {
            sum += f.applyAsDouble(v);
        }
        return rows[c].length == 0 ? 0 : sum / rows[c].length;
    }

    /** The mean magnitude of scale {@code c}. */
    public double meanMagnitude(int c) {
        return mean(c, Math::abs);
    }

    /** The largest magnitude of scale {@code c}; 0 for none. */
    public double largestMagnitude(int c) {
        double largest = 0;
        for (double v : rows[c]) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }

    /** The largest magnitude of all. */
    public double largestMagnitude() {
        double largest = 0;
        for (int c = 0; c < rows.length; c++) {
            largest = Math.max(largest, largestMagnitude(c));
        }
        return largest;
    }

    /** The standard deviation (of the population) of scale {@code c}. */
    public double deviation(int c) {
        double mean = mean(c, v -> v);
        return Math.sqrt(mean(c, v -> (v - mean) * (v - mean)));
    }
}
