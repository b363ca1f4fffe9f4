package io.github.dl4jqat.kernels;

import java.util.Arrays;

/**
 * The range that quantizes given values with the smallest mean squared error: a search over ranges
 * shrunken from the smallest and largest value towards zero. The error has many local minima, so
 * the search tries every 16th of either end and then refines the best pair three times, to a
 * 1024th. Errors are those of the grid that comes of a range, with its float scale and whole zero
 * point. Of more than 32768 values every k-th is looked at. Deterministic.
 *
 * <p>Worked numbers: 999 values spread evenly over 0..1 and one of 10, 4 levels: the whole range
 * has the levels 0, 3.33, 6.67, 10 and the error 0.33; the search ends at 0, 0.31, 0.62, 0.93 with
 * 0.09, giving up the one value for the many.
 */
public final class SmallestError {

    private static final int COARSE = 16;
    private static final int FINE = 4;
    private static final int REFINEMENTS = 3;
    private static final int MOST_VALUES = 1 << 15;

    private final double[] values;
    private double error = Double.POSITIVE_INFINITY;
    private double lowerShare = 1;
    private double upperShare = 1;

    private SmallestError(double[] values) {
        this.values = sample(values);
    }

    /**
     * For a grid with a zero point.
     *
     * @param values finite ones
     * @param steps number of levels minus 1
     * @return scale and number of the lowest level in steps, 0 or less, or null where no value
     *     differs from zero
     */
    public static double[] affine(double[] values, int steps) {
        double lower = Math.min(0, Arrays.stream(values).min().orElse(0));
        double upper = Math.max(0, Arrays.stream(values).max().orElse(0));
        if (upper == lower) {
            return null;
        }
        SmallestError search = new SmallestError(values);
        search.run(
                lower < 0,
                upper > 0,
                (a, b) -> {
                    double scale = (float) ((upper * b - lower * a) / steps);
                    return new double[] {scale, lowest(lower * a, scale, steps)};
                },
                low -> new Grid(low, low + steps, 0, false));
        double scale = (float) ((upper * search.upperShare - lower * search.lowerShare) / steps);
        return new double[] {scale, lowest(lower * search.lowerShare, scale, steps)};
    }

    /**
     * For a grid with its zero fixed.
     *
     * @param values finite ones
     * @param grid the levels
     * @return the scale, or 0 where no value differs from zero
     */
    public static double symmetric(double[] values, Grid grid) {
        double largest = Arrays.stream(values).map(Math::abs).max().orElse(0);
        if (largest == 0) {
            return 0;
        }
        SmallestError search = new SmallestError(values);
        search.run(
                false,
                true,
                (a, b) -> new double[] {(float) (largest * b / grid.high()), 0},
                low -> grid);
        return (float) (largest * search.upperShare / grid.high());
    }

    /** The mean squared error of values on a grid. */
    public static double of(double[] values, Grid grid, double scale) {
        double sum = 0;
        for (double v : values) {
            double difference = v - grid.level(v / scale) * scale;
            sum += difference * difference;
        }
        return values.length == 0 ? 0 : sum / values.length;
    }

    private interface Candidate {
        /** Scale and lowest level for the shares of the two ends. */
        double[] of(double lowerShare, double upperShare);
    }

    private interface Levels {
        Grid from(double low);
    }

    private static double lowest(double lower, double scale, int steps) {
        return 0.0 - Math.max(0, Math.min(steps, Math.rint(-lower / scale)));
    }

    private void run(boolean lowerMoves, boolean upperMoves, Candidate candidate, Levels levels) {
        double width = 1;
        for (int round = 0; round <= REFINEMENTS; round++) {
            int half = round == 0 ? COARSE : FINE;
            double a0 = lowerShare;
            double b0 = upperShare;
            for (int i = lowerMoves ? half : 0; i >= (lowerMoves ? -half : 0); i--) {
                for (int j = upperMoves ? half : 0; j >= (upperMoves ? -half : 0); j--) {
                    attempt(a0 + i * width / half, b0 + j * width / half, candidate, levels);
                }
            }
            width /= half;
        }
    }

    private void attempt(double a, double b, Candidate candidate, Levels levels) {
        if (a < 0 || a > 1 || b < 0 || b > 1) {
            return;
        }
        double[] found = candidate.of(a, b);
        if (found[0] > 0) {
            double mean = of(values, levels.from(found[1]), found[0]);
            if (mean < error) {
                error = mean;
                lowerShare = a;
                upperShare = b;
            }
        }
    }

    private static double[] sample(double[] values) {
        int every = (values.length + MOST_VALUES - 1) / MOST_VALUES;
        if (every <= 1) {
            return values;
        }
        double[] some = new double[values.length / every];
        Arrays.setAll(some, i -> values[i * every]);
        return some;
    }
}
