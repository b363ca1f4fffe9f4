package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import java.util.Arrays;

/**
 * A function inside a recurrent cell, as a table over the integers of its argument. Its values are
 * fractions of 15 bits behind the point:
 *
 * <pre>
 *   f((q - zeroPoint) * s) = entry[q - qMin] * scale          scale = 2^(exponent - 15)
 *   exponent = the smallest number &gt;= 0 for which no value is larger than 2^exponent
 *   entry    = rint(f / scale), in 0..32768 where no value is negative, else in -32767..32767
 * </pre>
 *
 * So a sigmoid takes the entries 0 to 32768 and is exactly 1 where the function is; a hyperbolic
 * tangent takes -32767 to 32767. The product of any two entries, and of an entry and an integer of
 * 16 bits, fits an int.
 *
 * <p>Immutable and thread-safe.
 */
public final class CellTable {

    /** Bits behind the point. */
    public static final int FRACTION_BITS = 15;

    /** The entry for {@code 2^exponent}. */
    public static final int ONE = 1 << FRACTION_BITS;

    private static final int LARGEST_EXPONENT = 64;

    private final int[] entries;
    private final int exponent;

    private CellTable(int[] entries, int exponent) {
        this.entries = entries;
        this.exponent = exponent;
    }

    /**
     * The table of a function.
     *
     * @param values the function's values for all integers of its argument, from {@code qMin} on;
     *     one that is not a number counts as zero
     */
    public static CellTable of(float[] values) {
        float largest = 0;
        boolean signed = false;
        for (float v : values) {
            largest = Float.isNaN(v) ? largest : Math.max(largest, Math.abs(v));
            signed |= v < 0;
        }
        int exponent = 0;
        while (exponent < LARGEST_EXPONENT && largest > Math.scalb(1f, exponent)) {
            exponent++;
        }
        int high = signed ? ONE - 1 : ONE;
        int[] entries = new int[values.length];
        for (int i = 0; i < entries.length; i++) {
            double steps = Math.rint(Math.scalb((double) values[i], FRACTION_BITS - exponent));
            entries[i] = (int) Math.max(signed ? -high : 0, Math.min(high, steps));
        }
        return new CellTable(entries, exponent);
    }

    /**
     * A table that was written down.
     *
     * @param entries all of 0..32768, or all of -32767..32767
     */
    public static CellTable of(int[] entries, int exponent) {
        int low = 0;
        int high = 0;
        for (int entry : entries) {
            low = Math.min(low, entry);
            high = Math.max(high, entry);
        }
        if (low < 1 - ONE || high > (low < 0 ? ONE - 1 : ONE)) {
            throw new IllegalArgumentException(
                    "CellTable: entries from "
                            + low
                            + " to "
                            + high
                            + "; they are in 0..32768, or in -32767..32767");
        }
        if (exponent < 0 || exponent > LARGEST_EXPONENT) {
            throw new IllegalArgumentException(
                    "CellTable: exponent=" + exponent + " is outside 0.." + LARGEST_EXPONENT);
        }
        return new CellTable(entries.clone(), exponent);
    }

    /** A copy of the entries. */
    public int[] entries() {
        return entries.clone();
    }

    /** The power of two that bounds the values. */
    public int exponent() {
        return exponent;
    }

    /** What an entry is multiplied with: a power of two. */
    public float scale() {
        return Math.scalb(1f, exponent - FRACTION_BITS);
    }

    /** How many entries there are. */
    public int size() {
        return entries.length;
    }

    /** The entry at a position, {@code q - qMin}. */
    int at(int position) {
        return entries[position];
    }

    /** Complains about a table that is not for the integers of its argument. */
    void requireOver(QuantParams argument, String what) {
        int levels = argument.spec().qMax() - argument.spec().qMin() + 1;
        if (entries.length != levels) {
            throw new IllegalArgumentException(
                    what
                            + ": a table of "
                            + entries.length
                            + " entries for the "
                            + levels
                            + " integers of "
                            + argument);
        }
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof CellTable other
                && exponent == other.exponent
                && Arrays.equals(entries, other.entries);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(entries) + exponent;
    }

    @Override
    public String toString() {
        return "table of " + entries.length + " with scale 2^" + (exponent - FRACTION_BITS);
    }
}
