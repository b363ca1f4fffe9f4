package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.LearnedOffsetBackward;
import io.github.dl4jqat.kernels.LearnedStepBackward;
import io.github.dl4jqat.kernels.SmallestError;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * LSQ+: a learned step size, and for activations of an affine spec a learned offset beside it, the
 * real number {@code beta} of the lowest level. With {@code N} the number of levels minus 1:
 *
 * <pre>
 *   q       = rint(clamp((x - beta) / scale, 0, N))        x' = q * scale + beta
 *   dscale  = q - (x - beta) / scale inside, 0 below, N above      times grad, summed
 *   dbeta   = 0 inside, 1 outside                                  times grad, summed
 *   dx      = 1 inside, 0 outside; a value on an end is outside    times grad
 * </pre>
 *
 * <p>Layers have integer zero points, so they move the offset to the nearest one: {@code zeroPoint
 * = clamp(rint(qMin - beta / scale), qMin, qMax)}, and the lowest level is {@code (qMin -
 * zeroPoint) * scale}. That is at most half a step from {@code beta} as long as the range contains
 * zero; gradients are those of the moved grid. {@link LearnedOffsetBackward} works with fractional
 * offsets too.
 *
 * <p>Weights have no offset. Where they start: {@code max(|mean - 3 sd|, |mean + 3 sd|) /
 * 2^(bits-1)}, so that the grid reaches three standard deviations (a mid-rise grid has half that
 * step, its levels being two apart). Activations start where the mean squared error of the first
 * batch is smallest, see {@link SmallestError}. A tensor of zeros starts at {@code 1 / Qp}. All
 * gradients have the factor {@code 1 / sqrt(values * Qp)} of {@link LearnedStep}.
 *
 * <p>Worked numbers, scale 0.25, beta -0.25, 0..3 (-0.25 to 0.5), gradient 1: x = -1, 0.1, 2 gives
 * x' -0.25, 0, 0.5, dscale 0, -0.4, 3, dbeta 1, 0, 1.
 *
 * <p>Source: Bhalgat et al., arXiv:2004.09576.
 *
 * @param learningRate factor on the layer's learning rate for the scale of two bits and fewer, 0 or
 *     more; with each further bit it is halved, because Adam and its like move a number by about
 *     the learning rate whatever its size; the offset has the factor as it is. For the paper's own
 *     rate of the scale, with plain SGD, give {@code 2^(bits - 2)}
 * @param gradientScale whether the gradients of scale and offset have their factor
 */
public record LearnedStepOffset(double learningRate, boolean gradientScale)
        implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "lsq-plus";

    private static final long serialVersionUID = 1L;

    private static final double DEVIATIONS = 3;

    /** Throws an {@code IllegalArgumentException} for a negative or infinite rate. */
    public LearnedStepOffset {
        Settings.notNegative(NAME, "learningRate", learningRate);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return affine(spec) ? LearnedOffsetBackward.INSTANCE : LearnedStepBackward.INSTANCE;
    }

    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        QuantizerParameter scale = Steps.scale(spec, learningRate);
        return affine(spec)
                ? List.of(
                        scale,
                        QuantizerParameter.learned(
                                "offset", learningRate, -Steps.LARGEST, Steps.LARGEST))
                : List.of(scale);
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        double[] scales = new double[tensor.scales()];
        double[] offsets = new double[scales.length];
        double whenZero = 1.0 / Steps.most(spec);
        for (int c = 0; c < scales.length; c++) {
            double[] values = Steps.finite(tensor, c);
            if (affine(spec)) {
                double[] found = SmallestError.affine(values, Steps.span(spec));
                scales[c] = found == null ? whenZero : found[0];
                offsets[c] = found == null ? 0 : found[1] * found[0];
            } else if (role == TensorRole.WEIGHT) {
                scales[c] = Steps.orElse(reach(values) / (spec.qMax() + 1), whenZero);
            } else {
                scales[c] = Steps.orElse(SmallestError.symmetric(values, levels(spec)), whenZero);
            }
        }
        return affine(spec) ? new double[][] {scales, offsets} : new double[][] {scales};
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return affine(spec)
                ? Steps.affine(spec, values[0][0], values[1][0])
                : Steps.grid(spec, values[0], 0);
    }

    @Override
    public double gradientFactor(QuantSpec spec, long elements) {
        return gradientScale ? 1 / Math.sqrt((double) elements * Steps.most(spec)) : 1;
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (role == TensorRole.WEIGHT && affine(spec)) {
            throw new IllegalArgumentException(
                    "Estimator '"
                            + NAME
                            + "' gives weights no offset, but their spec is "
                            + spec
                            + "; choose a SYMMETRIC or MID_RISE spec for them, such as"
                            + " Quantizers.intPerChannel("
                            + Math.max(2, spec.bits())
                            + ")");
        }
    }

    private static boolean affine(QuantSpec spec) {
        return spec.symmetry() == Symmetry.AFFINE;
    }

    private static Grid levels(QuantSpec spec) {
        return new Grid(spec.qMin(), spec.qMax(), 0, spec.symmetry() == Symmetry.MID_RISE);
    }

    /** How far three standard deviations about the mean reach from zero. */
    private static double reach(double[] values) {
        double mean = Arrays.stream(values).average().orElse(0);
        double variance =
                Arrays.stream(values).map(v -> (v - mean) * (v - mean)).average().orElse(0);
        return Math.abs(mean) + DEVIATIONS * Math.sqrt(variance);
    }
}
