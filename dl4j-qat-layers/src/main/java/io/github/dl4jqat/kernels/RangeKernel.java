package io.github.dl4jqat.kernels;

/**
 * Smallest and largest finite value of a block. NaN and infinite values are passed over, so that
 * one bad batch cannot poison a range; a block without any finite value leaves the range as it was.
 */
public final class RangeKernel {

    private RangeKernel() {}

    /** Widens {@code range = {min, max}} by {@code x[from..to)}. */
    public static void widen(float[] x, int from, int to, float[] range) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            min = Math.min(min, x[i]);
            max = Math.max(max, x[i]);
        }
        // Math.min and Math.max carry NaN on, so a finite pair proves that every value was finite.
        if (!(Float.isFinite(min) && Float.isFinite(max))) {
            min = Float.POSITIVE_INFINITY;
            max = Float.NEGATIVE_INFINITY;
            for (int i = from; i < to; i++) {
                if (Float.isFinite(x[i])) {
                    min = Math.min(min, x[i]);
                    max = Math.max(max, x[i]);
                }
            }
        }
        range[0] = Math.min(range[0], min);
        range[1] = Math.max(range[1], max);
    }

    /** The same for doubles; values beyond the floats count as infinite. */
    public static void widen(double[] x, int from, int to, float[] range) {
        for (int i = from; i < to; i++) {
            float v = (float) x[i];
            if (Float.isFinite(v)) {
                range[0] = Math.min(range[0], v);
                range[1] = Math.max(range[1], v);
            }
        }
    }
}
