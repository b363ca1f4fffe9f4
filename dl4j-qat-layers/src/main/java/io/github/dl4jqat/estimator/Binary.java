package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.SignKernel;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.function.Supplier;

/**
 * Binary weights or activations: -1 and 1, and nothing in between. Zero counts as positive. The
 * scale is 1, always, so nothing is measured or observed.
 *
 * <pre>
 *   y  = 1 where x &gt;= 0, -1 elsewhere
 *   dx = grad * 1[|x| &lt;= 1]                                           CLIPPED
 *   dx = grad * (2 - 2|x|) * 1[|x| &lt;= 1]                              APPROX_SIGN
 *   dx = grad * beta (2 - b tanh(b/2)) / (1 + cosh b),  b = beta x   SWISH_SIGN
 * </pre>
 *
 * <p>Worked numbers, gradient 1:
 *
 * <pre>
 *   x            -1             -0.5           0   0.2           0.5
 *   y            -1             -1             1   1             1
 *   CLIPPED       1              1             1   1             1
 *   APPROX_SIGN   0              1             2   1.6           1
 *   SWISH_SIGN   -0.194992255   -0.084621565   5   3.023661188  -0.084621565     (beta 5)
 * </pre>
 *
 * <p>As in the papers, layers bring the float weights back into [-1, 1] after each update: with
 * CLIPPED and APPROX_SIGN a weight beyond would get no gradient any more.
 *
 * <p>Where a layer raises the scale of a channel because its bias would overflow, levels are plus
 * and minus that scale; the surrogates stay as they are.
 *
 * <p>Sources: Courbariaux, Bengio, David, "BinaryConnect", arXiv:1511.00363; Hubara et al.,
 * "Binarized Neural Networks", arXiv:1602.02830 (CLIPPED); Liu et al., "Bi-Real Net",
 * arXiv:1808.00278 (APPROX_SIGN); Darabi et al., "Regularized Binary Network Training",
 * arXiv:1812.11800 (SWISH_SIGN).
 *
 * @param surrogate what stands for the derivative of the sign
 * @param swishBeta how narrow the peak of SWISH_SIGN is; positive, not looked at by the others
 */
public record Binary(Surrogate surrogate, double swishBeta) implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "binary";

    /** The usual width of SWISH_SIGN. */
    public static final double USUAL_BETA = 5;

    private static final long serialVersionUID = 1L;

    /** What stands for the derivative of the sign. Constants' names are part of the file format. */
    public enum Surrogate {
        /** 1 from -1 to 1, ends included. */
        CLIPPED,
        /** A triangle of height 2 from -1 to 1. */
        APPROX_SIGN,
        /** The derivative of a smooth step made of Swish functions. */
        SWISH_SIGN
    }

    /** Checks the settings. */
    public Binary {
        if (surrogate == null) {
            throw new IllegalArgumentException(
                    "Binary: surrogate=null; expected CLIPPED, APPROX_SIGN or SWISH_SIGN");
        }
        if (!(swishBeta > 0) || Double.isInfinite(swishBeta)) {
            throw new IllegalArgumentException(
                    "Binary: swishBeta=" + swishBeta + "; expected a positive number, usually 5");
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return new SignKernel(
                switch (surrogate) {
                    case CLIPPED -> SignKernel::clipped;
                    case APPROX_SIGN -> SignKernel::triangle;
                    case SWISH_SIGN -> x -> SignKernel.swish(x, swishBeta);
                });
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return Scales.fixed(spec, 1f, 0, observed);
    }

    @Override
    public double largestWeight() {
        return 1;
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (spec.symmetry() != Symmetry.MID_RISE || spec.bits() != 1) {
            throw Scales.unserved(
                    NAME,
                    spec,
                    role,
                    "one bit without a zero, Quantizers.binaryPerChannel() or"
                            + " Quantizers.binaryPerTensor()");
        }
    }
}
