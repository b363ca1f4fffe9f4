package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.ScaledSignKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Binary weights with the scale that is nearest to the float ones, as in XNOR-Net:
 *
 * <pre>
 *   alpha = mean |w|                                of the n weights that share a scale
 *   y     = alpha * sign(w)                         the sign of zero being 1
 *   dw    = grad * (1/n + alpha * 1[|w| &lt;= 1])      the paper's gradient
 *   dw    = grad * alpha * 1[|w| &lt;= 1]              with the mean taken as a constant
 * </pre>
 *
 * <p>The first summand of the paper's gradient is its account of how alpha moves with the weight.
 * It lets a weight beyond 1 go on learning, and it matters for small n only; most public code stops
 * the gradient of the mean and so has the second form.
 *
 * <p>Worked numbers: w = 0.5, -0.25, 1, -0.25 has alpha 0.5 and becomes 0.5, -0.5, 0.5, -0.5; the
 * gradient 1 becomes 0.75 for each weight by the first formula and 0.5 by the second. At w = 1.5
 * with the same alpha and n they give 0.25 and 0.
 *
 * <p>Scales have floors as ranges do: a channel of zeros gets 2^-10 of the largest scale, a tensor
 * of zeros 1.
 *
 * <p>Source: Rastegari et al., "XNOR-Net", arXiv:1603.05279.
 *
 * @param paperGradient whether the gradient has the summand 1/n
 */
public record ScaledBinary(boolean paperGradient) implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "xnor";

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return ScaledSignKernel.INSTANCE;
    }

    /** The mean magnitude {@code scale}; for the paper's gradient {@code share = 1/n} too. */
    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        List<QuantizerParameter> measured = new ArrayList<>();
        measured.add(QuantizerParameter.measured("scale"));
        if (paperGradient) {
            measured.add(QuantizerParameter.measured("share"));
        }
        return List.copyOf(measured);
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        double[] mean = Scales.each(tensor, tensor::meanMagnitude);
        return paperGradient
                ? new double[][] {mean, Scales.each(tensor, c -> 1.0 / tensor.count(c))}
                : new double[][] {mean};
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return Scales.measured(spec, values[0]);
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (role != TensorRole.WEIGHT || spec.symmetry() != Symmetry.MID_RISE || spec.bits() != 1) {
            throw Scales.unserved(
                    NAME,
                    spec,
                    role,
                    "weights of one bit without a zero, Quantizers.binaryPerChannel() or"
                            + " Quantizers.binaryPerTensor(); for activations there is 'binary'");
        }
    }
}
