package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Symmetry;

/**
 * The levels a value may take, counted in steps of the scale: {@code low, low + 1, ..., high}, or
 * for a mid-rise grid the odd numbers {@code low, low + 2, ..., high}. An integer grid has {@code
 * offset} 0. A fraction there moves every level by it, which no integer zero point can do; papers
 * with a real offset need it, layers never do.
 *
 * <p>Immutable and thread-safe.
 *
 * @param low smallest level in steps
 * @param high largest level in steps
 * @param offset what all levels have beyond whole numbers, in [0, 1)
 * @param midRise whether only odd numbers are levels, so that zero is none
 */
public record Grid(double low, double high, double offset, boolean midRise) {

    /** The grid of integer parameters. */
    public static Grid of(QuantParams p) {
        return new Grid(
                p.lowestStep(), p.highestStep(), 0, p.spec().symmetry() == Symmetry.MID_RISE);
    }

    /** A grid of real bounds: {@code levels} levels from {@code lower} to {@code upper}. */
    public static Grid between(double lower, double upper, int levels) {
        double step = (upper - lower) / (levels - 1);
        double low = lower / step;
        return new Grid(low, low + levels - 1, low - Math.floor(low), false);
    }

    /** Distance of two levels in steps: 1, or 2 on a mid-rise grid. */
    public double spacing() {
        return midRise ? 2 : 1;
    }

    /** The position, in steps, moved into the range of the levels; NaN stays NaN. */
    public double clamp(double position) {
        return Math.max(low, Math.min(high, position));
    }

    /**
     * The level nearest to a position in steps, outside the range the first or the last. Halfway
     * between two levels the one with the even number wins, counted from zero, on a mid-rise grid
     * from the first positive level; so zero becomes the first positive level there.
     */
    public double level(double position) {
        double t = clamp(position);
        if (midRise) {
            return oddNearest(t);
        }
        return offset == 0 ? Math.rint(t) + 0.0 : Math.rint(t - offset) + offset;
    }

    /** Without t - 1, which loses the sign of a tiny negative t. */
    private static double oddNearest(double t) {
        double half = Math.floor(t / 2);
        boolean tie = half * 2 == t;
        return tie && Math.rint(half / 2) * 2 != half ? half * 2 - 1 : half * 2 + 1;
    }

    /**
     * Where in its cell a position lies, from -0.5 to 0.5: cells reach from one level to the next,
     * and 0 is the point halfway between, where rounding jumps. For a position within the range.
     */
    public double withinCell(double position) {
        double cell = cell(position);
        return (position - low) / spacing() - cell - 0.5;
    }

    /** The number of the cell, from 0, that a position within the range lies in. */
    public double cell(double position) {
        double cells = (high - low) / spacing();
        return Math.max(0, Math.min(cells - 1, Math.floor((position - low) / spacing())));
    }
}
