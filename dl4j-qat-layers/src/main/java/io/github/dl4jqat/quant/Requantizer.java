package io.github.dl4jqat.quant;

import java.util.List;

/**
 * From an int32 accumulator to an integer of the output tensor:
 *
 * <pre>
 *   FLOAT        q = clamp(rint((float) acc * m[c]) + zeroPoint, low, high)
 *   FIXED_POINT  q = clamp(M[c].multiply(acc) + zeroPoint, low, high)
 *   m[c] = (inputScale * weightScale[c]) / outputScale, in float arithmetic
 *   M[c] = FixedPointMultiplier.of(the same quotient in double arithmetic)
 * </pre>
 *
 * In {@link Requantization#FIXED_POINT} a sum of two tensors and a product follow TFLite's kernels,
 * see {@link #ofSum} and {@link #ofProduct}.
 *
 * <p>A clamping activation (ReLU, ReLU6, hard tanh) is a tighter {@code low} and {@code high}:
 * clamping after rounding equals rounding after clamping. The evaluation pass of a quantized layer
 * and the integer engine call this same function, which is why they agree to the last bit.
 *
 * <p>Immutable and thread-safe.
 */
public final class Requantizer {

    /** TFLite adds integers of up to 8 bits that are shifted by 20, after halving them. */
    private static final int SUM_SHIFT = 19;

    /** Added to a number below 2^22 it rounds it, ties to even, into the low bits of the sum. */
    private static final float ROUND = 0x1.8p23f;

    private static final float LARGEST_ROUNDED = 1 << 22;

    private final Requantization mode;
    private final float[] factors;
    private final FixedPointMultiplier[] fixedPoint;
    private final int zeroPoint;
    private final int low;
    private final int high;
    private final int leftShift;

    private Requantizer(
            Requantization mode,
            float[] factors,
            double[] exactFactors,
            int zeroPoint,
            int low,
            int high,
            int leftShift) {
        if (low > high) {
            throw new IllegalArgumentException("Requantizer: low=" + low + " > high=" + high);
        }
        this.mode = mode;
        this.factors = factors;
        this.zeroPoint = zeroPoint;
        this.low = low;
        this.high = high;
        this.leftShift = leftShift;
        this.fixedPoint =
                new FixedPointMultiplier[mode == Requantization.FIXED_POINT ? factors.length : 0];
        for (int c = 0; c < fixedPoint.length; c++) {
            fixedPoint[c] = FixedPointMultiplier.of(Math.scalb(exactFactors[c], -leftShift));
        }
    }

    /**
     * For a layer with weights.
     *
     * @param inputScale scale of the input
     * @param weightScales one for each output channel, or a single one
     * @param output parameters of the output tensor
     * @param low smallest output integer, at least {@code qMin}
     * @param high largest output integer, at most {@code qMax}
     */
    public static Requantizer of(
            Requantization mode,
            float inputScale,
            float[] weightScales,
            QuantParams output,
            int low,
            int high) {
        float[] factors = new float[weightScales.length];
        double[] exactFactors = new double[weightScales.length];
        for (int c = 0; c < factors.length; c++) {
            factors[c] = accumulatorScale(inputScale, weightScales[c]) / output.scale();
            exactFactors[c] = (double) inputScale * weightScales[c] / output.scale();
        }
        return new Requantizer(mode, factors, exactFactors, output.zeroPoint(), low, high, 0);
    }

    /**
     * For a sum, difference or mean of tensors that share a scale. The fixed-point form of a sum or
     * difference of two tensors of up to 8 bits is that of TFLite's ADD and SUB, which round a sum
     * with 19 more bits: {@code FixedPointMultiplier.of(factor * 2^-19).multiply(acc * 2^19)}.
     *
     * @param addends what is added; their scales are equal
     * @param share 1, or 1 divided by their number for a mean
     * @param output parameters of the output tensor
     * @param low smallest output integer
     * @param high largest output integer
     */
    public static Requantizer ofSum(
            Requantization mode,
            List<QuantParams> addends,
            float share,
            QuantParams output,
            int low,
            int high) {
        float scale = addends.get(0).scale();
        float factor = accumulatorScale(scale, share) / output.scale();
        double exact = (double) scale * share / output.scale();
        boolean pair =
                addends.size() == 2
                        && share == 1
                        && addends.stream().allMatch(a -> a.spec().bits() <= Byte.SIZE);
        return new Requantizer(
                mode,
                new float[] {factor},
                new double[] {exact},
                output.zeroPoint(),
                low,
                high,
                pair && mode == Requantization.FIXED_POINT ? SUM_SHIFT : 0);
    }

    /**
     * For a product of two tensors. The fixed-point multiplier is made of the float factor, as
     * TFLite's MUL does.
     *
     * @param a parameters of the first tensor
     * @param b parameters of the second tensor
     * @param output parameters of the output tensor
     * @param low smallest output integer
     * @param high largest output integer
     */
    public static Requantizer ofProduct(
            Requantization mode,
            QuantParams a,
            QuantParams b,
            QuantParams output,
            int low,
            int high) {
        float factor = accumulatorScale(a.scale(), b.scale()) / output.scale();
        return new Requantizer(
                mode,
                new float[] {factor},
                new double[] {factor},
                output.zeroPoint(),
                low,
                high,
                0);
    }

    /** The scale of an accumulator, {@code inputScale * weightScale} in float arithmetic. */
    public static float accumulatorScale(float inputScale, float weightScale) {
        return inputScale * weightScale;
    }

    /** The output integer for an accumulator of channel {@code c}. */
    public int apply(int acc, int c) {
        int channel = factors.length == 1 ? 0 : c;
        if (mode == Requantization.FIXED_POINT) {
            long q = (long) fixedPoint[channel].multiply(acc << leftShift) + zeroPoint;
            return (int) Math.max(low, Math.min(high, q));
        }
        double q = Math.rint((double) ((float) acc * factors[channel])) + zeroPoint;
        return (int) Math.max(low, Math.min(high, q));
    }

    /**
     * {@link #apply(int, int)} for {@code n} accumulators of one channel.
     *
     * @param acc accumulators, from {@code from} on
     * @param out for the integers, from {@code to} on; may be {@code acc}
     */
    public void apply(int[] acc, int from, int c, int[] out, int to, int n) {
        float factor = factor(c);
        float least = (float) low - zeroPoint;
        float most = (float) high - zeroPoint;
        boolean small = Math.max(Math.abs(least), Math.abs(most)) < LARGEST_ROUNDED;
        if (mode == Requantization.FIXED_POINT || !small || !Float.isFinite(factor)) {
            for (int i = 0; i < n; i++) {
                out[to + i] = apply(acc[from + i], c);
            }
            return;
        }
        // Both bounds are whole numbers, so it does not matter that they come before rounding.
        int bias = zeroPoint - Float.floatToRawIntBits(ROUND);
        for (int i = 0; i < n; i++) {
            float steps = acc[from + i] * factor;
            steps = steps < least ? least : steps;
            steps = steps > most ? most : steps;
            out[to + i] = Float.floatToRawIntBits(steps + ROUND) + bias;
        }
    }

    /** How the product is computed. */
    public Requantization mode() {
        return mode;
    }

    /** The float factor of channel {@code c}. */
    public float factor(int c) {
        return factors[factors.length == 1 ? 0 : c];
    }

    /** How many factors there are: 1, or one for each output channel. */
    public int size() {
        return factors.length;
    }

    /** The output's zero point. */
    public int zeroPoint() {
        return zeroPoint;
    }

    /** The smallest output integer. */
    public int low() {
        return low;
    }

    /** The largest output integer. */
    public int high() {
        return high;
    }
}
