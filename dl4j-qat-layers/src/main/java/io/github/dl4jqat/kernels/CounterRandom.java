package io.github.dl4jqat.kernels;

/**
 * Random numbers without a state: the number for (seed, draw, index) is a hash of the three. So a
 * backward pass sees the mask of its forward pass without keeping it, threads may take any part of
 * a tensor, and a training that was saved and loaded goes on with the numbers it would have had.
 *
 * <p>The mixing function is the finalizer of SplitMix64 (Steele, Lea, Flood, "Fast Splittable
 * Pseudorandom Number Generators", OOPSLA 2014), applied to each of the three in turn.
 */
public final class CounterRandom {

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private static final double UNIT = 0x1p-53;

    private CounterRandom() {}

    /** A key for one tensor at one draw (one training iteration). */
    public static long key(long seed, long draw) {
        return mix(mix(seed + GOLDEN_GAMMA) + draw * GOLDEN_GAMMA);
    }

    /** The same for one of several tensors that draw from one seed; {@code stream} tells which. */
    public static long key(long seed, long stream, long draw) {
        return key(key(seed, stream), draw);
    }

    /** Uniform in [0, 1). */
    public static double uniform(long key, long index) {
        return (mix(key + (index + 1) * GOLDEN_GAMMA) >>> 11) * UNIT;
    }

    /**
     * {@code uniform(key, index) < rate} as bits: all ones for true, all zeros for false. No branch
     * could be foreseen.
     *
     * @param threshold {@link #threshold} of the rate
     */
    static int below(long key, long index, long threshold) {
        long number = mix(key + (index + 1) * GOLDEN_GAMMA) >>> 11;
        return (int) ((number - threshold) >> (Long.SIZE - 1));
    }

    /** The first of the numbers behind {@link #uniform} that is not below a rate in [0, 1]. */
    static long threshold(double rate) {
        return (long) Math.ceil(rate * 0x1p53);
    }

    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }
}
