package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.nio.ByteBuffer;
import java.util.function.IntUnaryOperator;

/**
 * Integers of 1 to 16 bits one after the other without gaps: two's complement or, where they are
 * unsigned, the number itself, or for a mid-rise spec, whose integers are odd, the number {@code (q
 * - qMin) / 2} of the level. The lowest bit first, value {@code i} in the bits {@code i * bits} to
 * {@code (i + 1) * bits - 1} of the stream, where bit {@code b} of the stream is bit {@code b % 8}
 * of byte {@code b / 8}. The bits after the last value are zero.
 */
final class BitPacking {

    private BitPacking() {}

    /** How many bytes {@code count} values take. */
    static long bytes(long count, int bits) {
        return (count * bits + 7) / 8;
    }

    static byte[] pack(Weights weights) {
        return pack(weights::get, weights.elements(), weights.params().spec());
    }

    static byte[] pack(LevelTable table, QuantSpec spec) {
        return pack(table::get, table.size(), spec);
    }

    private static byte[] pack(IntUnaryOperator values, int count, QuantSpec spec) {
        int bits = spec.bits();
        boolean midRise = spec.symmetry() == Symmetry.MID_RISE;
        byte[] packed = new byte[Math.toIntExact(bytes(count, bits))];
        int mask = (1 << bits) - 1;
        long pending = 0;
        int held = 0;
        int to = 0;
        for (int i = 0; i < count; i++) {
            int q = values.applyAsInt(i);
            int code = midRise ? (q - spec.qMin()) / 2 : q & mask;
            pending |= (long) code << held;
            held += bits;
            while (held >= Byte.SIZE) {
                packed[to++] = (byte) pending;
                pending >>>= Byte.SIZE;
                held -= Byte.SIZE;
            }
        }
        if (held > 0) {
            packed[to] = (byte) pending;
        }
        return packed;
    }

    /** The integers; {@code packed} holds exactly {@code bytes(count, spec.bits())} bytes. */
    static int[] unpack(byte[] packed, int count, QuantSpec spec) {
        PackedLevels levels = PackedLevels.of(ByteBuffer.wrap(packed), count, spec);
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = levels.next();
        }
        return values;
    }
}
