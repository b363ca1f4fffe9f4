package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.ParametricClippingBackward;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * PACT: activations are clipped to 0..clip, and the optimizer trains the bound:
 *
 * <pre>
 *   x'     = rint(clamp(x, 0, clip) / scale) * scale       scale = clip / (number of levels - 1)
 *   dx     = grad where 0 &lt;= x &lt; clip, 0 elsewhere
 *   dclip  = sum of grad where x &gt;= clip
 * </pre>
 *
 * with an L2 penalty on the bound, which keeps it from growing for the sake of a few large values.
 *
 * <p>Worked numbers, clip 3, 2 bits, gradient 1: x = -0.5, 0.2, 1.4, 2.5, 3, 3.7 gives x' 0, 0, 1,
 * 2, 3, 3, dx 0, 1, 1, 1, 0, 0 and dclip 0, 0, 0, 0, 1, 1.
 *
 * <p>For activations of unsigned integers only. Weights beside it need an estimator of their own.
 *
 * <p>Source: Choi et al., arXiv:1805.06085.
 *
 * @param initial the bound to start from, or 0 for the largest value of the first batch (1 where it
 *     has none above 0)
 * @param l2 coefficient of the penalty, 0 for none
 * @param learningRate factor on the layer's learning rate for the bound, 0 or more
 */
public record ParametricClipping(double initial, double l2, double learningRate)
        implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "pact";

    private static final long serialVersionUID = 1L;

    /** Throws an {@code IllegalArgumentException} for a negative or infinite number. */
    public ParametricClipping {
        Settings.notNegative(NAME, "initial", initial);
        Settings.notNegative(NAME, "l2", l2);
        Settings.notNegative(NAME, "learningRate", learningRate);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return ParametricClippingBackward.INSTANCE;
    }

    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        return List.of(Steps.bound("clip", spec, learningRate).withL2(l2));
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        double[] clips = new double[tensor.scales()];
        for (int c = 0; c < clips.length; c++) {
            double largest = Arrays.stream(Steps.finite(tensor, c)).max().orElse(0);
            clips[c] = initial > 0 ? initial : Steps.orElse(largest, 1);
        }
        return new double[][] {clips};
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        double[] scales = Arrays.stream(values[0]).map(v -> v / Steps.span(spec)).toArray();
        return Steps.grid(spec, scales, spec.symmetry() == Symmetry.AFFINE ? spec.qMin() : 0);
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (role != TensorRole.ACTIVATION || spec.signed()) {
            throw new IllegalArgumentException(
                    "Estimator '"
                            + NAME
                            + "' clips activations to 0..clip, which takes unsigned integers; it"
                            + " was given a tensor of role "
                            + role
                            + " and "
                            + (spec.signed() ? "the signed " : "the unsigned ")
                            + spec
                            + "; use it for activations with a spec such as"
                            + " Quantizers.uintPerTensor("
                            + spec.bits()
                            + "), and for weights beside it one of "
                            + "'dorefa', 'clipped', 'lsq'");
        }
    }
}
