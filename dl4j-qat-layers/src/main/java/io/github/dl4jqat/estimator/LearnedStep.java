package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.LearnedStepBackward;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Learned step size quantization: the scale is a parameter that the optimizer trains like a weight.
 * With {@code v} the value in steps, and {@code low} and {@code high} the ends of the grid:
 *
 * <pre>
 *   dx      = grad                          where low &lt; v &lt; high, 0 elsewhere
 *   dscale  = sum of grad * (rint(v) - v)   inside, grad * low or grad * high outside,
 *             all times 1 / sqrt(N * Qp)    N values share the scale, Qp steps reach the top
 *   start   = 2 * mean|x| / sqrt(Qp)        1 / Qp for a tensor of zeros
 * </pre>
 *
 * <p>A value exactly on an end counts as outside, as in the paper: it has no gradient of its own
 * and moves the scale. Code that leaves the gradient to an automatic derivative of a clamp does it
 * the other way round there ({@code dx = grad, dscale = 0}).
 *
 * <p>{@code Qp} is the largest integer of the spec; of an affine one, whose zero point is the
 * observed range's, the number of levels minus 1. On a mid-rise grid levels are two steps apart,
 * and the level takes the place of {@code rint(v)}.
 *
 * <p>Worked numbers, scale 0.5, -2..1, gradient 1: x = -3, -1.26, -0.9, 0.2, 0.5 gives dx 0, 0, 1,
 * 1, 0 and dscale -2, -2, -0.2, -0.4, 1.
 *
 * <p>Source: Esser et al., arXiv:1902.08153.
 *
 * @param learningRate factor on the layer's learning rate for the scale of two bits and fewer, 0 or
 *     more; with each further bit it is halved, because Adam and its like move a number by about
 *     the learning rate whatever its size. For the paper's own rates, with plain SGD, give {@code
 *     2^(bits - 2)}
 * @param gradientScale whether the gradient of the scale is multiplied with {@code 1 / sqrt(N *
 *     Qp)}, which brings it to the size of a weight's
 */
public record LearnedStep(double learningRate, boolean gradientScale) implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "lsq";

    private static final long serialVersionUID = 1L;

    /** Throws an {@code IllegalArgumentException} for a negative or infinite rate. */
    public LearnedStep {
        Settings.notNegative(NAME, "learningRate", learningRate);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return LearnedStepBackward.INSTANCE;
    }

    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        return List.of(Steps.scale(spec, learningRate));
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        double[] scales = new double[tensor.scales()];
        double most = Steps.most(spec);
        for (int c = 0; c < scales.length; c++) {
            double mean = Arrays.stream(Steps.finite(tensor, c)).map(Math::abs).average().orElse(0);
            scales[c] = Steps.orElse(2 * mean / Math.sqrt(most), 1 / most);
        }
        return new double[][] {scales};
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        int zeroPoint = spec.symmetry() == Symmetry.AFFINE ? observed.get().zeroPoint() : 0;
        return Steps.grid(spec, values[0], zeroPoint);
    }

    @Override
    public double gradientFactor(QuantSpec spec, long elements) {
        return gradientScale ? 1 / Math.sqrt((double) elements * Steps.most(spec)) : 1;
    }
}
