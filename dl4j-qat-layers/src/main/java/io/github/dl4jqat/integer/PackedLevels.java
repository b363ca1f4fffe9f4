package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.IntSupplier;

/**
 * Integers that are taken one after the other, straight from the bits of a file, so that there is
 * never an array of ints as large as many times the file. Not thread-safe.
 */
final class PackedLevels {

    private final int count;
    private final IntSupplier levels;

    private PackedLevels(int count, IntSupplier levels) {
        this.count = count;
        this.levels = levels;
    }

    /** Integers that are in memory as they are. */
    static PackedLevels of(int[] levels) {
        return new PackedLevels(levels.length, Arrays.stream(levels).iterator()::nextInt);
    }

    /**
     * Integers as {@link BitPacking} has packed them.
     *
     * @param packed exactly as many bytes as they take
     */
    static PackedLevels of(ByteBuffer packed, int count, QuantSpec spec) {
        int used = (int) ((long) count * spec.bits() % Byte.SIZE);
        if (used > 0 && (packed.get(packed.limit() - 1) & 0xFF) >> used != 0) {
            throw new IllegalArgumentException("the bits after the last value are not zero");
        }
        return new PackedLevels(count, new Bits(packed.duplicate(), spec));
    }

    /** How many there are in all. */
    int count() {
        return count;
    }

    /** The next one. */
    int next() {
        return levels.getAsInt();
    }

    /** Takes bits from a buffer, the lowest first. */
    private static final class Bits implements IntSupplier {

        private final ByteBuffer packed;
        private final QuantSpec spec;
        private final boolean midRise;
        private final int bits;
        private final int unused;
        private final int mask;
        private int pending;
        private int held;

        Bits(ByteBuffer packed, QuantSpec spec) {
            this.packed = packed;
            this.spec = spec;
            this.midRise = spec.symmetry() == Symmetry.MID_RISE;
            this.bits = spec.bits();
            this.unused = Integer.SIZE - bits;
            this.mask = (1 << bits) - 1;
        }

        @Override
        public int getAsInt() {
            while (held < bits) {
                pending |= (packed.get() & 0xFF) << held;
                held += Byte.SIZE;
            }
            int code = pending & mask;
            pending >>>= bits;
            held -= bits;
            if (midRise) {
                return spec.qMin() + 2 * code;
            }
            return spec.signed() ? code << unused >> unused : code;
        }
    }
}
