package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantSpec;
import java.util.Arrays;

/**
 * Many integers of one spec, kept in one byte each up to 8 bits and in two above. Immutable and
 * thread-safe; compares by value.
 */
final class LevelTable {

    private final QuantSpec spec;
    private final byte[] narrow;
    private final short[] wide;

    /**
     * Checks and copies.
     *
     * @param who what the integers belong to, for errors
     */
    LevelTable(String who, QuantSpec spec, PackedLevels levels) {
        boolean fitsByte = spec.bits() <= Byte.SIZE;
        this.spec = spec;
        this.narrow = new byte[fitsByte ? levels.count() : 0];
        this.wide = new short[fitsByte ? 0 : levels.count()];
        for (int i = 0; i < levels.count(); i++) {
            int level = levels.next();
            OpChecks.level(who, "table", i, level, spec);
            if (fitsByte) {
                narrow[i] = (byte) level;
            } else {
                wide[i] = (short) level;
            }
        }
    }

    int size() {
        return narrow.length + wide.length;
    }

    int get(int i) {
        if (wide.length > 0) {
            return spec.signed() ? wide[i] : Short.toUnsignedInt(wide[i]);
        }
        return spec.signed() ? narrow[i] : Byte.toUnsignedInt(narrow[i]);
    }

    /** A copy of all. */
    int[] values() {
        int[] values = new int[size()];
        Arrays.setAll(values, this::get);
        return values;
    }

    /** Bytes at the width of the spec. */
    long bytes() {
        return BitPacking.bytes(size(), spec.bits());
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof LevelTable other
                && spec.equals(other.spec)
                && Arrays.equals(narrow, other.narrow)
                && Arrays.equals(wide, other.wide);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(narrow) + Arrays.hashCode(wide);
    }
}
