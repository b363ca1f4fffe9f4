package io.github.dl4jqat.quant;

import java.util.Arrays;

/**
 * What the integers of a tensor mean: {@code x = (q - zeroPoint) * scale}, {@code q = clamp(rint(x
 * / scale) + zeroPoint, qMin, qMax)}, ties to even, true division.
 *
 * <p>{@link #fromRange} and {@link #fromRanges} are the only ways from a measured range to a scale;
 * layers, ops, converter and exporters all go through them or carry their result on.
 *
 * <p>Immutable and thread-safe.
 */
public final class QuantParams {

    /**
     * No scale is smaller, so that a product of two scales is still a normal float and a division
     * by it stays finite.
     */
    public static final float MIN_SCALE = 0x1p-60f;

    /** No scale of a channel is smaller than this share of the largest scale of the tensor. */
    public static final float MIN_RELATIVE_SCALE = 0x1p-10f;

    private static final float LARGEST_BOUND = 1e38f;

    private final QuantSpec spec;
    private final float[] scales;
    private final int zeroPoint;

    private QuantParams(QuantSpec spec, float[] scales, int zeroPoint) {
        this.spec = spec;
        this.scales = scales;
        this.zeroPoint = zeroPoint;
    }

    /**
     * Parameters that somebody else fixed: a file, a learned step, a test.
     *
     * @param spec the integers
     * @param scales one scale for each channel or group, or a single one; finite and positive
     * @param zeroPoint within {@code qMin..qMax}; 0 for a symmetric spec
     */
    public static QuantParams of(QuantSpec spec, float[] scales, int zeroPoint) {
        if (scales.length == 0) {
            throw new IllegalArgumentException("QuantParams: no scale given for " + spec);
        }
        for (int i = 0; i < scales.length; i++) {
            if (!(scales[i] > 0) || Float.isInfinite(scales[i])) {
                throw new IllegalArgumentException(
                        "QuantParams: scale["
                                + i
                                + "]="
                                + scales[i]
                                + " of "
                                + spec
                                + "; a scale is finite and greater than 0");
            }
        }
        if (spec.granularity().kind() == Granularity.Kind.PER_TENSOR && scales.length != 1) {
            throw new IllegalArgumentException(
                    "QuantParams: " + scales.length + " scales for the per-tensor " + spec);
        }
        if (spec.symmetry() != Symmetry.AFFINE && zeroPoint != 0) {
            throw new IllegalArgumentException(
                    "QuantParams: zeroPoint=" + zeroPoint + " for the symmetric " + spec);
        }
        if (zeroPoint < spec.qMin() || zeroPoint > spec.qMax()) {
            throw new IllegalArgumentException(
                    "QuantParams: zeroPoint="
                            + zeroPoint
                            + " is outside "
                            + spec.qMin()
                            + ".."
                            + spec.qMax());
        }
        return new QuantParams(spec, scales.clone(), zeroPoint);
    }

    /** Parameters with a single scale that somebody else fixed. */
    public static QuantParams of(QuantSpec spec, float scale, int zeroPoint) {
        return of(spec, new float[] {scale}, zeroPoint);
    }

    /**
     * From a measured range to scale and zero point, in float arithmetic:
     *
     * <pre>
     *   min' = min(min, 0), max' = max(max, 0)               (zero is always exactly representable)
     *   symmetric, signed    scale = max(-min', max') / qMax                       zeroPoint = 0
     *   mid-rise             the same
     *   symmetric, unsigned  scale = max' / qMax                                   zeroPoint = 0
     *   affine               scale = (max' - min') / (qMax - qMin)
     *                        zeroPoint = clamp(rint(qMin - min' / scale), qMin, qMax)
     * </pre>
     *
     * A range without extent gives scale 1. A bound that is not a number counts as 0, an infinite
     * one as 1e38. Worked numbers (8 bits, unsigned, affine): (0, 6) gives 0.023529412 and 0;
     * (-0.1, 0.9) gives 0.003921569 and 25. The same numbers come out of TensorFlow's {@code
     * Nudge}.
     *
     * @param spec a per-tensor spec
     */
    public static QuantParams fromRange(QuantSpec spec, float min, float max) {
        if (spec.granularity().kind() != Granularity.Kind.PER_TENSOR) {
            throw new IllegalArgumentException(
                    "QuantParams.fromRange: " + spec + " has more than one scale; use fromRanges");
        }
        float scale = scale(spec, lower(min), upper(max));
        return new QuantParams(
                spec, new float[] {scale > 0 ? scale : 1f}, zeroPoint(spec, lower(min), scale));
    }

    /**
     * The same for each channel or group of a symmetric spec. A channel without extent (a dead
     * filter), and any channel whose scale is below {@link #MIN_RELATIVE_SCALE} of the largest,
     * gets that floor; where every channel is without extent the scale is 1.
     *
     * @param min smallest value of each channel
     * @param max largest value of each channel
     * @param floor smallest scale allowed for each channel (see {@link Bias#scaleFloor}), or null;
     *     one that is not finite is passed over
     */
    public static QuantParams fromRanges(QuantSpec spec, float[] min, float[] max, float[] floor) {
        boolean perTensor = spec.granularity().kind() == Granularity.Kind.PER_TENSOR;
        if (min.length == 0
                || min.length != max.length
                || (floor != null && floor.length != min.length)
                || (perTensor && min.length != 1)) {
            throw new IllegalArgumentException(
                    "QuantParams.fromRanges: "
                            + min.length
                            + " minima, "
                            + max.length
                            + " maxima"
                            + (floor == null ? "" : ", " + floor.length + " floors")
                            + " for "
                            + spec
                            + "; expected "
                            + (perTensor ? "one of each" : "one of each for every scale"));
        }
        float[] scales = new float[min.length];
        float largest = 0;
        for (int c = 0; c < scales.length; c++) {
            scales[c] = scale(spec, lower(min[c]), upper(max[c]));
            largest = Math.max(largest, scales[c]);
        }
        float relativeFloor = largest > 0 ? Math.max(MIN_SCALE, largest * MIN_RELATIVE_SCALE) : 1f;
        for (int c = 0; c < scales.length; c++) {
            scales[c] = Math.max(scales[c], relativeFloor);
            // A bias that is no number must not make the scale one that is none.
            if (floor != null && Float.isFinite(floor[c])) {
                scales[c] = Math.max(scales[c], floor[c]);
            }
        }
        int zeroPoint = perTensor ? zeroPoint(spec, lower(min[0]), scales[0]) : 0;
        return new QuantParams(spec, scales, zeroPoint);
    }

    private static float lower(float min) {
        return min < 0 ? Math.max(min, -LARGEST_BOUND) : 0f;
    }

    private static float upper(float max) {
        return max > 0 ? Math.min(max, LARGEST_BOUND) : 0f;
    }

    private static float scale(QuantSpec spec, float min, float max) {
        float extent;
        int steps;
        if (spec.symmetry() == Symmetry.AFFINE) {
            extent = max - min;
            steps = spec.qMax() - spec.qMin();
        } else {
            extent = spec.signed() ? Math.max(-min, max) : max;
            steps = spec.qMax();
        }
        return extent > 0 ? Math.max(extent / steps, MIN_SCALE) : 0f;
    }

    private static int zeroPoint(QuantSpec spec, float min, float scale) {
        if (spec.symmetry() != Symmetry.AFFINE) {
            return 0;
        }
        float exact = scale > 0 ? spec.qMin() - min / scale : 0f;
        return (int) Math.max(spec.qMin(), Math.min(spec.qMax(), Math.rint(exact)));
    }

    /** The integers these parameters belong to. */
    public QuantSpec spec() {
        return spec;
    }

    /** How many scales there are. */
    public int size() {
        return scales.length;
    }

    /** The only scale of a per-tensor quantizer. */
    public float scale() {
        if (scales.length != 1) {
            throw new IllegalStateException(
                    "QuantParams.scale(): there are "
                            + scales.length
                            + " scales; name the channel");
        }
        return scales[0];
    }

    /** Scale of channel or group {@code c}; with a single scale, that one for any {@code c}. */
    public float scale(int c) {
        return scales.length == 1 ? scales[0] : scales[c];
    }

    /** A copy of all scales. */
    public float[] scales() {
        return scales.clone();
    }

    /** The integer that stands for zero. */
    public int zeroPoint() {
        return zeroPoint;
    }

    /** Lowest grid index {@code qMin - zeroPoint}: the smallest value is this times the scale. */
    public int lowestStep() {
        return spec.qMin() - zeroPoint;
    }

    /** Highest grid index {@code qMax - zeroPoint}: the largest value is this times the scale. */
    public int highestStep() {
        return spec.qMax() - zeroPoint;
    }

    /** The integer for {@code x}; NaN gives the zero point, or 1 where zero is no level. */
    public int quantize(float x, int channel) {
        if (Float.isNaN(x)) {
            return spec.symmetry() == Symmetry.MID_RISE ? 1 : zeroPoint;
        }
        if (spec.symmetry() == Symmetry.MID_RISE) {
            return oddStep(x / scale(channel));
        }
        double step = Math.rint((double) (x / scale(channel)));
        // NaN passes rint, min and max, and the cast makes it the step 0.
        return (int) Math.max(lowestStep(), Math.min(highestStep(), step)) + zeroPoint;
    }

    /** The nearest odd integer; of two the one whose number, from 1 on by twos, is even. */
    private int oddStep(double position) {
        double t = Math.max(lowestStep(), Math.min(highestStep(), position));
        double half = Math.floor(t / 2);
        boolean down = half * 2 == t && Math.rint(half / 2) * 2 != half;
        return (int) (down ? half * 2 - 1 : half * 2 + 1);
    }

    /**
     * The same with no scale below a floor; a floor that is not finite is passed over.
     *
     * @param floor one for each scale, or null
     */
    public QuantParams atLeast(float[] floor) {
        if (floor == null) {
            return this;
        }
        float[] raised = scales.clone();
        for (int c = 0; c < raised.length; c++) {
            if (Float.isFinite(floor[c])) {
                raised[c] = Math.max(raised[c], floor[c]);
            }
        }
        return new QuantParams(spec, raised, zeroPoint);
    }

    /** The real number that {@code q} stands for. */
    public float dequantize(int q, int channel) {
        return (q - zeroPoint) * scale(channel);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof QuantParams other
                && spec.equals(other.spec)
                && zeroPoint == other.zeroPoint
                && Arrays.equals(scales, other.scales);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * spec.hashCode() + zeroPoint) + Arrays.hashCode(scales);
    }

    @Override
    public String toString() {
        String scale = scales.length == 1 ? Float.toString(scales[0]) : scales.length + " scales";
        return spec.typeName() + "(scale=" + scale + ", zeroPoint=" + zeroPoint + ")";
    }
}
