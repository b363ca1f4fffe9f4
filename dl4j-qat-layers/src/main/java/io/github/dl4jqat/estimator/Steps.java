package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.function.Supplier;

/** From parameters of a quantizer to its grid, and what their measurements share. */
final class Steps {

    /** The largest real number that a learned parameter may become; its multiples stay floats. */
    static final double LARGEST = 0x1p100;

    private Steps() {}

    /**
     * A learned step size. Its learning rate halves with each bit beyond two: Adam and its like
     * move every number by about the learning rate, however small it is, and a step is the smaller
     * the finer the grid; at 8 bits it would be gone within a few iterations.
     */
    static QuantizerParameter scale(QuantSpec spec, double learningRate) {
        return QuantizerParameter.learned(
                "scale",
                learningRate * Math.scalb(1.0, Math.min(0, 2 - spec.bits())),
                QuantizerParameter.SMALLEST_STEP,
                LARGEST);
    }

    /** A learned bound above zero. */
    static QuantizerParameter bound(String name, QuantSpec spec, double learningRate) {
        return QuantizerParameter.learned(
                name, learningRate, QuantizerParameter.SMALLEST_STEP * span(spec), LARGEST);
    }

    /** Steps from the smallest integer to the largest. */
    static int span(QuantSpec spec) {
        return spec.qMax() - spec.qMin();
    }

    /**
     * The largest number of steps from zero. Of an affine spec the whole span: where its zero lies
     * is not known before a range is, and for data without negative values it lies at the end.
     */
    static int most(QuantSpec spec) {
        return spec.symmetry() == Symmetry.AFFINE ? span(spec) : spec.qMax();
    }

    /** Parameters with given scales. */
    static QuantParams grid(QuantSpec spec, double[] scales, int zeroPoint) {
        float[] narrow = new float[scales.length];
        for (int c = 0; c < narrow.length; c++) {
            narrow[c] = (float) scales[c];
        }
        return QuantParams.of(spec, narrow, zeroPoint);
    }

    /** Parameters of an affine spec from a scale and the real number of the lowest level. */
    static QuantParams affine(QuantSpec spec, double scale, double lowest) {
        float narrow = (float) scale;
        double exact = Math.rint(spec.qMin() - lowest / narrow);
        return QuantParams.of(
                spec, narrow, (int) Math.max(spec.qMin(), Math.min(spec.qMax(), exact)));
    }

    /**
     * Parameters for the fixed range {@code -bound..bound} in every channel.
     *
     * @param observed as for {@link #scales}
     */
    static QuantParams symmetricRange(
            QuantSpec spec, double bound, Supplier<QuantParams> observed) {
        QuantParams one =
                QuantParams.fromRange(
                        spec.withGranularity(Granularity.perTensor()),
                        (float) -bound,
                        (float) bound);
        float[] scales = new float[scales(spec, observed)];
        Arrays.fill(scales, one.scale());
        return QuantParams.of(spec, scales, one.zeroPoint());
    }

    /**
     * How many scales there are.
     *
     * @param observed asked only where it may be more than one
     */
    static int scales(QuantSpec spec, Supplier<QuantParams> observed) {
        return spec.granularity().kind() == Granularity.Kind.PER_TENSOR ? 1 : observed.get().size();
    }

    /** The finite values of scale {@code c}. */
    static double[] finite(TensorStatistics tensor, int c) {
        double[] values = new double[tensor.count(c)];
        int n = 0;
        for (int i = 0; i < values.length; i++) {
            double v = tensor.value(c, i);
            if (Double.isFinite(v)) {
                values[n++] = v;
            }
        }
        return Arrays.copyOf(values, n);
    }

    /** The value, or another where it is 0 or no number. */
    static double orElse(double value, double other) {
        return value > 0 ? value : other;
    }
}
