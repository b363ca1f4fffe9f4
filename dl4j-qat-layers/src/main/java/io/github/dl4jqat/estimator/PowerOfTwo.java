package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.PowerOfTwoKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.List;
import java.util.function.Supplier;

/**
 * Weights that are powers of two, or zero, so that a product is a shift: the levels of incremental
 * network quantization (INQ).
 *
 * <pre>
 *   s  = max |w|
 *   n1 = floor(log2(4 s / 3)),   n2 = n1 + 1 - 2^(b-1) / 2           b bits, one code being zero
 *   P  = {0, +-2^n2, ..., +-2^n1}
 *   y  = sign(w) * v   where (u + v) / 2 &lt;= |w| &lt; 3 v / 2            u before v in P, from 0 on
 *   dw = grad
 * </pre>
 *
 * <p>Worked numbers: w = 0.9, -0.7, 0.4, 0.3, -0.2, 0.12, -0.05, 0.02 becomes 1, -0.5, 0.5, 0.5, 0,
 * 0, 0, 0 with 3 bits (n1 = 0, n2 = -1) and 1, -0.5, 0.5, 0.25, -0.25, 0.125, -0.0625, 0.015625
 * with 5 bits (n2 = -7). With 2 bits there is one magnitude.
 *
 * <p>The integer model counts in steps of 2^n2 and needs the integers up to 2^(n1 - n2): its spec
 * has 2, 3, 5 or 9 bits for b = 2, 3, 4, 5. The paper has one n1 for each layer; here it belongs to
 * the weights that share a scale, so a spec with one scale is the paper's.
 *
 * <p>As in the paper, n1 belongs to the weights as they were at the start: it is measured once and
 * held, so the levels stay what they were, and a weight that grows beyond keeps the largest of
 * them. This is the quantizer only: which weights are frozen at which time is a matter of the layer
 * and its schedule, see {@link Knob#PORTION}.
 *
 * <p>Where a layer raises the scale of a channel because its bias would overflow, the levels are
 * powers of two times that scale.
 *
 * <p>Source: Zhou et al., "Incremental Network Quantization", arXiv:1702.03044.
 */
public record PowerOfTwo() implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "power-of-two";

    private static final int FEWEST_BITS = 2;
    private static final int MOST_BITS = 5;

    private static final double MIDDLE = 1.5;

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return new PowerOfTwoKernel(1 << doublings(spec));
    }

    /** The smallest level {@code scale = 2^n2} of each scale. */
    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        return List.of(QuantizerParameter.held("scale"));
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        return new double[][] {
            Scales.each(tensor, c -> smallestLevel(tensor.largestMagnitude(c), spec))
        };
    }

    private static double smallestLevel(double magnitude, QuantSpec spec) {
        if (!(magnitude > 0) || Double.isInfinite(magnitude)) {
            return 0;
        }
        int exponent = Math.getExponent(magnitude);
        int n1 = magnitude >= Math.scalb(MIDDLE, exponent) ? exponent + 1 : exponent;
        return Math.scalb(1.0, n1 - doublings(spec));
    }

    /** {@code n1 - n2}. */
    private static int doublings(QuantSpec spec) {
        return (1 << (spec.bits() - 2)) - 1;
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return Scales.measured(spec.withBits(doublings(spec) + 2), values[0]);
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (role != TensorRole.WEIGHT
                || spec.symmetry() != Symmetry.SYMMETRIC
                || !spec.narrowRange()
                || spec.bits() < FEWEST_BITS
                || spec.bits() > MOST_BITS) {
            throw Scales.unserved(
                    NAME,
                    spec,
                    role,
                    "weights of 2 to 5 bits, signed, symmetric, narrow: Quantizers.intPerTensor"
                            + "(bits) or Quantizers.intPerChannel(bits)");
        }
    }
}
