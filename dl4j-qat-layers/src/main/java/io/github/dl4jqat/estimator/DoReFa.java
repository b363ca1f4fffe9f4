package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.SignKernel;
import io.github.dl4jqat.kernels.TanhKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.kernels.UnitBackward;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * DoReFa-Net. Weights of k bits have 2^k levels without a zero, of a hyperbolic tangent over its
 * largest magnitude; activations are clipped to [0, 1]:
 *
 * <pre>
 *   weights      n  = 2^k - 1,   t = tanh(w) / max |tanh(w)|         max over the whole tensor
 *   k &gt; 1        y  = 2 rint((t / 2 + 1/2) n) / n - 1                 ties: see Grid.level
 *                dw = grad * (1 - tanh(w)^2) / max |tanh(w)|         the max being a constant
 *   k = 1        y  = sign(w) * mean |w|,   dw = grad                mean over the whole tensor
 *   activations  y  = rint(clip(x, 0, 1) n) / n
 *                dx = grad where 0 &lt;= x &lt;= 1, else 0
 * </pre>
 *
 * <p>Worked numbers, k = 2: w = -1.2, -0.4, 0.05, 0.3, 0.9 becomes -1, -1/3, 1/3, 1/3, 1; the
 * gradient 1 becomes 0.365882937, 1.026370848, 1.196543691, 1.097741144, 0.584075656.
 *
 * <p>{@code keepMagnitude} is not in the paper: it multiplies the levels of k &gt; 1, and so the
 * gradient, with the largest |w|, which counts as a constant too. The paper's weights always reach
 * from -1 to 1; a trained network of small weights computes something else with them, and needs
 * normalizing layers to recover. With one bit it changes nothing.
 *
 * <p>The tensor has one magnitude for all its channels, as in the paper; a spec with a scale for
 * each channel gets the same one each time. Activations should come from a function that stays
 * within [0, 1] or is cut there; nothing about them is observed.
 *
 * <p>Not supported is the paper's third part, the quantization of gradients. Its scale is the
 * largest gradient of an example, which no element can know while gradients are worked on block by
 * block; and without it the noise has no size.
 *
 * <p>Source: Zhou et al., "DoReFa-Net", arXiv:1606.06160.
 *
 * @param keepMagnitude whether the largest weight stays as large as it is
 */
public record DoReFa(boolean keepMagnitude) implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "dorefa";

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        if (spec.symmetry() != Symmetry.MID_RISE) {
            return UnitBackward.INSTANCE;
        }
        return spec.bits() == 1 ? new SignKernel(w -> 1) : TanhKernel.INSTANCE;
    }

    /** Of weights {@code scale} and, beyond one bit, the largest tangent {@code largest}. */
    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        if (role != TensorRole.WEIGHT) {
            return List.of();
        }
        QuantizerParameter scale = QuantizerParameter.measured("scale");
        return spec.bits() == 1
                ? List.of(scale)
                : List.of(scale, QuantizerParameter.measured("largest"));
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        if (role != TensorRole.WEIGHT) {
            return new double[0][];
        }
        int scales = tensor.scales();
        if (spec.bits() == 1) {
            return new double[][] {same(meanMagnitude(tensor), scales)};
        }
        double weight = tensor.largestMagnitude();
        double reach = keepMagnitude ? (weight > 0 ? weight : 1) : 1;
        double tangent = Math.tanh(weight);
        return new double[][] {
            same(reach / spec.qMax(), scales), same(tangent > 0 ? tangent : 1, scales)
        };
    }

    private static double meanMagnitude(TensorStatistics tensor) {
        double sum = 0;
        for (int c = 0; c < tensor.scales(); c++) {
            sum += tensor.meanMagnitude(c) * tensor.count(c);
        }
        return sum / Math.max(1, tensor.count());
    }

    private static double[] same(double value, int scales) {
        double[] values = new double[scales];
        Arrays.fill(values, value);
        return values;
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        if (spec.symmetry() == Symmetry.MID_RISE) {
            return Scales.measured(spec, values[0]);
        }
        return QuantParams.of(spec, 1f / (spec.qMax() - spec.qMin()), spec.qMin());
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        boolean served =
                role == TensorRole.WEIGHT
                        ? spec.symmetry() == Symmetry.MID_RISE
                        : spec.symmetry() == Symmetry.AFFINE
                                && spec.granularity().kind() == Granularity.Kind.PER_TENSOR;
        if (!served) {
            throw Scales.unserved(
                    NAME,
                    spec,
                    role,
                    "weights without a zero, Quantizers.midRisePerTensor(bits) or"
                            + " Quantizers.midRisePerChannel(bits), and activations of one scale,"
                            + " Quantizers.uintPerTensor(bits)");
        }
    }
}
