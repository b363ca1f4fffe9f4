package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.kernels.TernaryKernel;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.List;
import java.util.function.Supplier;

/**
 * Ternary weights: -alpha, 0 and alpha, with a threshold and a magnitude that approximate the float
 * weights best.
 *
 * <pre>
 *   D     = threshold * mean |w|
 *   alpha = mean of the |w| above D
 *   y     = alpha * sign(w) where |w| &gt; D, else 0
 *   dw    = grad
 * </pre>
 *
 * <p>Worked numbers, threshold 0.7: w = 0.9, -0.8, 0.3, -0.1, 0.05, -0.6 has D = 0.3208333333 and
 * alpha = 0.7666666667 and becomes alpha, -alpha, 0, 0, 0, -alpha.
 *
 * <p>D and alpha belong to the weights that share a scale. Where no weight is above D, which takes
 * a threshold of 1 or more or zeros only, all levels are zero and the scale is the floor that
 * ranges have: 2^-10 of the largest scale, 1 if there is none.
 *
 * <p>Source: Li, Liu, "Ternary Weight Networks", arXiv:1605.04711 (whose later versions have the
 * factor 0.75).
 *
 * @param threshold share of the mean magnitude up to which weights become zero; 0 or more
 */
public record TernaryWeights(double threshold) implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "ternary";

    /** The paper's factor. */
    public static final double USUAL_THRESHOLD = 0.7;

    private static final int TERNARY_BITS = 2;

    private static final long serialVersionUID = 1L;

    /** Checks the threshold. */
    public TernaryWeights {
        if (!(threshold >= 0) || Double.isInfinite(threshold)) {
            throw new IllegalArgumentException(
                    "TernaryWeights: threshold="
                            + threshold
                            + "; expected a number from 0 on, usually 0.7");
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return TernaryKernel.INSTANCE;
    }

    /** The magnitude {@code scale} and the bound {@code threshold} of each scale. */
    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        return List.of(
                QuantizerParameter.measured("scale"), QuantizerParameter.measured("threshold"));
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        double[] bounds = Scales.each(tensor, c -> threshold * tensor.meanMagnitude(c));
        return new double[][] {Scales.each(tensor, c -> meanAbove(tensor, c, bounds[c])), bounds};
    }

    private static double meanAbove(TensorStatistics tensor, int c, double bound) {
        double above = tensor.mean(c, w -> Math.abs(w) > bound ? 1 : 0);
        double sum = tensor.mean(c, w -> Math.abs(w) > bound ? Math.abs(w) : 0);
        return above > 0 ? sum / above : 0;
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return Scales.measured(spec, values[0]);
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (role != TensorRole.WEIGHT
                || spec.bits() != TERNARY_BITS
                || spec.symmetry() != Symmetry.SYMMETRIC
                || !spec.narrowRange()) {
            throw Scales.unserved(
                    NAME,
                    spec,
                    role,
                    "weights of two bits, signed, symmetric, narrow: Quantizers.ternaryPerChannel()"
                            + " or Quantizers.intPerTensor(2)");
        }
    }
}
