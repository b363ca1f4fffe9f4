package io.github.dl4jqat.export.tflite;

import org.tensorflow.lite.schema.ActivationFunctionType;

/** Which clamps TFLite's operators have built in. */
final class Clamps {

    private static final float SIX = 6f;

    /** Runtimes round a bound in different ways; they agree this far from a tie. */
    private static final double FROM_TIE = 1e-3;

    private Clamps() {}

    /**
     * The activation function that clamps to {@code lowest..highest} in every runtime, or null.
     *
     * @param grid of the output
     * @param lowest as int8
     * @param highest as int8
     */
    static Byte fused(Int8Grid grid, int lowest, int highest) {
        if (lowest == Byte.MIN_VALUE && highest == Byte.MAX_VALUE) {
            return ActivationFunctionType.NONE;
        }
        if (lowest != Math.max(Byte.MIN_VALUE, grid.zeroPoint())) {
            return null;
        }
        if (highest == Byte.MAX_VALUE) {
            return ActivationFunctionType.RELU;
        }
        double six = SIX / grid.scale() + grid.zeroPoint();
        boolean clear = Math.abs(six - Math.floor(six) - 0.5) > FROM_TIE;
        return clear && highest == Math.rint(six) ? ActivationFunctionType.RELU6 : null;
    }
}
