package io.github.dl4jqat.kernels;

/**
 * {@link ClippedBackward} on the bits of floats, without a branch, so that it is vectorized; the
 * result is the same to the last bit, for NaN, infinities, zeros of either sign and denormal
 * numbers too.
 *
 * <p>Flipping the lower 31 bits of negative floats gives ints that sort as the floats do, with the
 * two zeros next to each other and NaN beyond the infinities:
 *
 * <pre>
 *   key(b)  = b ^ ((b &gt;&gt; 31) &amp; 0x7fffffff)
 *   inside  = key(x) - lowKey &lt;= highKey - lowKey      as unsigned numbers
 * </pre>
 *
 * The unsigned comparison is the borrow of a subtraction (Warren, "Hacker's Delight", section
 * 2-13), spread over the word as a mask.
 */
public final class ClippedBits {

    private ClippedBits() {}

    /** The key of a lower bound; both zeros are within a bound of zero. */
    public static int lowKey(float bound) {
        return key(Float.floatToRawIntBits(bound == 0 ? -0f : bound));
    }

    /** The key of an upper bound; both zeros are within a bound of zero. */
    public static int highKey(float bound) {
        return key(Float.floatToRawIntBits(bound == 0 ? 0f : bound));
    }

    /**
     * {@code dx = grad} where x lies between two bounds, else +0.0; all arrays hold the bits of
     * floats and may be one.
     *
     * @param lowKey {@link #lowKey} of a bound that is a number
     * @param highKey {@link #highKey} of a bound that is not smaller
     */
    public static void apply(
            int[] x, int[] grad, int[] dx, int from, int to, int lowKey, int highKey) {
        int width = highKey - lowKey;
        for (int i = from; i < to; i++) {
            int above = key(x[i]) - lowKey;
            int borrow = (~width & above) | (~(width ^ above) & (width - above));
            dx[i] = grad[i] & ~(borrow >> 31);
        }
    }

    /** The same with bounds for each element. */
    public static void apply(int[] x, int[] grad, int[] dx, int n, int[] lowKey, int[] highKey) {
        for (int i = 0; i < n; i++) {
            int width = highKey[i] - lowKey[i];
            int above = key(x[i]) - lowKey[i];
            int borrow = (~width & above) | (~(width ^ above) & (width - above));
            dx[i] = grad[i] & ~(borrow >> 31);
        }
    }

    private static int key(int bits) {
        return bits ^ ((bits >> 31) & 0x7fffffff);
    }
}
