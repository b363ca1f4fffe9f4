package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.MagnitudeAwareBackward;
import io.github.dl4jqat.kernels.OctavClip;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * Magnitude-aware differentiation: clipped values keep a gradient, the smaller the farther they are
 * out:
 *
 * <pre>
 *   dx = grad                       inside the range
 *   dx = grad * |end| / |x|         outside; the end on that side
 * </pre>
 *
 * <p>Weights are clipped where {@link OctavClip} says, anew each time, since nothing would lie
 * outside their own range: {@code scale = clip / qMax}, 1 for a tensor of zeros. Activations have
 * the observed range.
 *
 * <p>Worked numbers, range -1..1, gradient 1: x = -3, -1, 0.9, 1.5 gives 1/3, 1, 1, 2/3.
 *
 * <p>Source: Sakr et al., arXiv:2206.06501.
 */
public record MagnitudeAwareDerivative() implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "mad";

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return MagnitudeAwareBackward.INSTANCE;
    }

    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        return role == TensorRole.WEIGHT ? List.of(QuantizerParameter.measured("clip")) : List.of();
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        if (role != TensorRole.WEIGHT) {
            return new double[0][];
        }
        double[] clips = new double[tensor.scales()];
        for (int c = 0; c < clips.length; c++) {
            double clip = OctavClip.of(tensor, c, spec.bits() + (spec.signed() ? 0 : 1));
            double smallest = QuantizerParameter.SMALLEST_STEP * spec.qMax();
            clips[c] = Math.min(Steps.LARGEST, Math.max(smallest, Steps.orElse(clip, spec.qMax())));
        }
        return new double[][] {clips};
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        if (values.length == 0) {
            return observed.get();
        }
        return Steps.grid(spec, Arrays.stream(values[0]).map(v -> v / spec.qMax()).toArray(), 0);
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (role == TensorRole.WEIGHT && spec.symmetry() == Symmetry.AFFINE) {
            throw new IllegalArgumentException(
                    "Estimator '"
                            + NAME
                            + "' clips weights to -clip..clip, but their spec is "
                            + spec
                            + "; choose a SYMMETRIC or MID_RISE spec for them, such as"
                            + " Quantizers.intPerChannel("
                            + Math.max(2, spec.bits())
                            + ")");
        }
    }
}
