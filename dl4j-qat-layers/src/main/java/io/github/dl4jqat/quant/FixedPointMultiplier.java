package io.github.dl4jqat.quant;

/**
 * A positive real factor as a 32-bit mantissa and a power of two, {@code factor = mantissa *
 * 2^(shift - 31)}, and its product with an accumulator in integers only, as gemmlowp and TFLite's
 * reference kernels compute it (Jacob et al., "Quantization and Training of Neural Networks for
 * Efficient Integer-Arithmetic-Only Inference", arXiv:1712.05877).
 *
 * <p>Worked numbers: the factor 0.0003 is (1319413953, -11); times 12345 it gives 4. The factor
 * 0.25 is (1073741824, -1); times 1 it gives 1, times -2 it gives -1.
 *
 * @param mantissa in [2^30, 2^31), or 0
 * @param shift power of two; negative for a shift to the right
 */
public record FixedPointMultiplier(int mantissa, int shift) {

    /** Checks the ranges. */
    public FixedPointMultiplier {
        if (mantissa != 0 && mantissa < 1 << 30) {
            throw new IllegalArgumentException(
                    "FixedPointMultiplier: mantissa=" + mantissa + " is not in [2^30, 2^31)");
        }
        if (shift < -31 || shift > 30) {
            throw new IllegalArgumentException(
                    "FixedPointMultiplier: shift=" + shift + " is outside -31..30");
        }
    }

    /**
     * The nearest multiplier to a factor.
     *
     * @param factor finite, not negative, less than 2^30; below 2^-32 it becomes 0
     */
    public static FixedPointMultiplier of(double factor) {
        if (!(factor >= 0) || factor >= 0x1p30) {
            throw new IllegalArgumentException(
                    "FixedPointMultiplier: factor=" + factor + " is outside [0, 2^30)");
        }
        if (factor == 0) {
            return new FixedPointMultiplier(0, 0);
        }
        int shift = Math.getExponent(factor) + 1;
        if (shift < -31) {
            return new FixedPointMultiplier(0, 0);
        }
        long mantissa = Math.round(Math.scalb(factor, 31 - shift));
        if (mantissa == 1L << 31) {
            mantissa >>= 1;
            shift++;
        }
        return new FixedPointMultiplier((int) mantissa, shift);
    }

    /**
     * {@code acc * factor}, rounded twice: the high product, then the shift. A factor above 1
     * shifts to the left first, and saturates there instead of changing the sign.
     */
    public int multiply(int acc) {
        long shifted = (long) acc << Math.max(shift, 0);
        int saturated = (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, shifted));
        int right = Math.max(-shift, 0);
        return roundingShiftRight(roundingDoublingHighProduct(saturated, mantissa), right);
    }

    /** {@code (a * b + 2^30) / 2^31}, saturating: gemmlowp's SaturatingRoundingDoublingHighMul. */
    static int roundingDoublingHighProduct(int a, int b) {
        if (a == Integer.MIN_VALUE && b == Integer.MIN_VALUE) {
            return Integer.MAX_VALUE;
        }
        long product = (long) a * b;
        long nudge = product >= 0 ? 1L << 30 : 1 - (1L << 30);
        return (int) ((product + nudge) / (1L << 31));
    }

    /** {@code x / 2^exponent}, half away from zero: gemmlowp's RoundingDivideByPOT. */
    static int roundingShiftRight(int x, int exponent) {
        int mask = (int) ((1L << exponent) - 1);
        int remainder = x & mask;
        int threshold = (mask >> 1) + (x < 0 ? 1 : 0);
        return (x >> exponent) + (remainder > threshold ? 1 : 0);
    }
}
