package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.Arrays;
import java.util.function.Supplier;

/** Scales that do not come from a range: measured another way, or fixed once and for all. */
final class Scales {

    /** A power of two, so that powers of two stay what they are. */
    private static final double LARGEST = 0x1p100;

    private Scales() {}

    /**
     * Measured scales with the floors that ranges have: one that is zero or no number, and one
     * below {@link QuantParams#MIN_RELATIVE_SCALE} of the largest, becomes that share; where all
     * are zero they become 1.
     */
    static QuantParams measured(QuantSpec spec, double[] scales) {
        double largest = 0;
        for (double s : scales) {
            largest = Math.max(largest, usable(s));
        }
        double floor =
                largest > 0
                        ? Math.max(QuantParams.MIN_SCALE, largest * QuantParams.MIN_RELATIVE_SCALE)
                        : 1;
        float[] floored = new float[scales.length];
        for (int c = 0; c < floored.length; c++) {
            floored[c] = (float) Math.max(floor, usable(scales[c]));
        }
        return QuantParams.of(spec, floored, 0);
    }

    private static double usable(double scale) {
        return scale > 0 ? Math.min(scale, LARGEST) : 0;
    }

    /** The same scale everywhere; the range only says how many there are. */
    static QuantParams fixed(
            QuantSpec spec, float scale, int zeroPoint, Supplier<QuantParams> observed) {
        boolean one = spec.granularity().kind() == Granularity.Kind.PER_TENSOR;
        float[] scales = new float[one ? 1 : observed.get().size()];
        Arrays.fill(scales, scale);
        return QuantParams.of(spec, scales, zeroPoint);
    }

    /** A value for each scale of a tensor. */
    static double[] each(TensorStatistics tensor, Measure measure) {
        double[] values = new double[tensor.scales()];
        Arrays.setAll(values, measure::of);
        return values;
    }

    /** What is measured on the values that share scale {@code c}. */
    interface Measure {
        double of(int c);
    }

    /** The error where an estimator cannot serve a tensor. */
    static IllegalArgumentException unserved(
            String estimator, QuantSpec spec, TensorRole role, String valid) {
        return new IllegalArgumentException(
                "Estimator '"
                        + estimator
                        + "' with "
                        + role.name().toLowerCase(java.util.Locale.ROOT)
                        + " integers "
                        + spec
                        + "; it serves "
                        + valid);
    }
}
