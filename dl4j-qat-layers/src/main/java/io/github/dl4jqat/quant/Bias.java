package io.github.dl4jqat.quant;

/**
 * The bias of an integer layer: an int32 at the scale of the accumulator, {@code scale = inputScale
 * * weightScale[c]}, zero point 0.
 */
public final class Bias {

    /** A bias of more than this many accumulator steps would leave no room for the sum itself. */
    private static final double LARGEST_STEP_COUNT = 0x1p30;

    private Bias() {}

    /** {@code rint(bias / accumulatorScale)}, ties to even, saturating at the int32 range. */
    public static int quantize(double bias, float accumulatorScale) {
        return (int)
                Math.max(
                        Integer.MIN_VALUE,
                        Math.min(Integer.MAX_VALUE, Math.rint(bias / accumulatorScale)));
    }

    /**
     * The smallest weight scale of a channel for which its bias fits into 2^30 accumulator steps. A
     * channel with nearly dead weights and a large bias needs it: its own scale would make the bias
     * overflow.
     */
    public static float scaleFloor(double bias, float inputScale) {
        return (float) (Math.abs(bias) / (LARGEST_STEP_COUNT * inputScale));
    }
}
