package io.github.dl4jqat.quant;

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
 * A clamping activation (ReLU, ReLU6, hard tanh) is a tighter {@code low} and {@code high}:
 * clamping after rounding equals rounding after clamping. The evaluation pass of a quantized layer
 * and the integer engine call this same function, which is why they agree to the last bit.
 *
 * <p>Immutable and thread-safe.
 */
public final class Requantizer {

    private final Requantization mode;
    private final float[] factors;
    private final FixedPointMultiplier[] fixedPoint;
    private final int zeroPoint;
    private final int low;
    private final int high;

    private Requantizer(
            Requantization mode,
            float[] factors,
            double[] exactFactors,
            int zeroPoint,
            int low,
            int high) {
        if (low > high) {
            throw new IllegalArgumentException("Requantizer: low=" + low + " > high=" + high);
        }
        this.mode = mode;
        this.factors = factors;
        this.zeroPoint = zeroPoint;
        this.low = low;
        this.high = high;
        this.fixedPoint =
                new FixedPointMultiplier[mode == Requantization.FIXED_POINT ? factors.length : 0];
        for (int c = 0; c < fixedPoint.length; c++) {
            fixedPoint[c] = FixedPointMultiplier.of(exactFactors[c]);
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
        return new Requantizer(mode, factors, exactFactors, output.zeroPoint(), low, high);
    }

    /** The scale of an accumulator, {@code inputScale * weightScale} in float arithmetic. */
    public static float accumulatorScale(float inputScale, float weightScale) {
        return inputScale * weightScale;
    }

    /** The output integer for an accumulator of channel {@code c}. */
    public int apply(int acc, int c) {
        int channel = factors.length == 1 ? 0 : c;
        if (mode == Requantization.FIXED_POINT) {
            long q = (long) fixedPoint[channel].multiply(acc) + zeroPoint;
            return (int) Math.max(low, Math.min(high, q));
        }
        double q = Math.rint((double) ((float) acc * factors[channel])) + zeroPoint;
        return (int) Math.max(low, Math.min(high, q));
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
