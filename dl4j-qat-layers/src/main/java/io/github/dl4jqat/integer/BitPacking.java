package io.github.dl4jqat.integer;

/**
 * Integers of 2 to 16 bits one after the other without gaps: two's complement, the lowest bit
 * first, value {@code i} in the bits {@code i * bits} to {@code (i + 1) * bits - 1} of the stream,
 * where bit {@code b} of the stream is bit {@code b % 8} of byte {@code b / 8}. The bits after the
 * last value are zero.
 */
final class BitPacking {

    private BitPacking() {}

    /** How many bytes {@code count} values take. */
    static long bytes(long count, int bits) {
        return (count * bits + 7) / 8;
    }

    static byte[] pack(Weights weights) {
        int bits = weights.params().spec().bits();
        byte[] packed = new byte[Math.toIntExact(bytes(weights.elements(), bits))];
        int mask = (1 << bits) - 1;
        long pending = 0;
        int held = 0;
        int to = 0;
        for (int i = 0; i < weights.elements(); i++) {
            pending |= (long) (weights.get(i) & mask) << held;
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

    /** The signed values; {@code packed} holds exactly {@code bytes(count, bits)} bytes. */
    static int[] unpack(byte[] packed, int count, int bits) {
        int[] values = new int[count];
        int unused = Integer.SIZE - bits;
        long pending = 0;
        int held = 0;
        int from = 0;
        for (int i = 0; i < count; i++) {
            while (held < bits) {
                pending |= (packed[from++] & 0xFFL) << held;
                held += Byte.SIZE;
            }
            values[i] = (int) pending << unused >> unused;
            pending >>>= bits;
            held -= bits;
        }
        if (pending != 0) {
            throw new IllegalArgumentException("the bits after the last value are not zero");
        }
        return values;
    }
}
