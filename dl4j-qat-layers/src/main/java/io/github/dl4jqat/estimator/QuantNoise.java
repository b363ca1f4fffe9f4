package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.CounterRandom;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.NoiseKernel;
import io.github.dl4jqat.kernels.RoundingKernel;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.Set;

/**
 * Quant-Noise: in each training iteration a random part of the elements is quantized and the rest
 * is not, so most gradients are exact. Evaluation and the integer model quantize everything.
 *
 * <pre>
 *   INTEGER  y  = c + m (Q(x) - c),   c = clamp(x)      m = 1 with probability rate, else 0
 *            dx = grad within the range, ends included, else 0; whatever m is
 *   ZERO     y  = (1 - m) x / (1 - rate)                the mean of y is x
 *            dx = grad (1 - m) / (1 - rate)
 * </pre>
 *
 * <p>Worked numbers, scale 0.5, levels to 1.5, INTEGER: x = 0.6, 2 becomes 0.5, 1.5 where m = 1 and
 * 0.6, 1.5 where m = 0. Clamping comes first: noise that is the difference to the value before
 * clamping would put 2 at 1. ZERO, rate 0.2: 0.6 becomes 0 or 0.75.
 *
 * <p>With INTEGER the rate 1 is plain fake quantization, and the rate 0 none at all: the tensor
 * passes as it is, beyond the range too, and so does the gradient. {@link Knob#NOISE_RATE} of a
 * schedule takes the place of {@code rate}. ZERO at a scheduled rate of 1 gives zeros.
 *
 * <p>m is drawn once for each block: {@code blockSize} consecutive elements of an output channel
 * (of weights) or an example (of activations), in row-major order of the other axes, the last block
 * possibly shorter. It follows from the seed, the tensor, the iteration and the number of the
 * block, so forward and backward pass have the same, and a training can be repeated.
 *
 * <p>In symmetric ranges a value beyond an end by less than 2^-22 of it gets its gradient: only the
 * rounding of the scale can put the largest weight there.
 *
 * <p>Source: Fan et al., "Training with Quantization Noise for Extreme Model Compression",
 * arXiv:2004.07320.
 *
 * @param rate share of the elements that are quantized, in [0, 1]; below 1 for ZERO
 * @param blockSize elements in a block, 1 or more
 * @param noise what becomes of them
 * @param seed of the random numbers
 */
public record QuantNoise(double rate, int blockSize, Noise noise, long seed)
        implements GradientEstimator {

    /** The name in configurations. */
    public static final String NAME = "quant-noise";

    /** The usual rate of INTEGER noise. */
    public static final double USUAL_RATE = 0.5;

    private static final long serialVersionUID = 1L;

    /** What becomes of noisy elements. Constants' names are part of the file format. */
    public enum Noise {
        /** They are quantized. */
        INTEGER,
        /** They are left out; the paper's stand-in for methods with code books. */
        ZERO
    }

    /** Checks the settings. */
    public QuantNoise {
        if (noise == null) {
            throw new IllegalArgumentException("QuantNoise: noise=null; expected INTEGER or ZERO");
        }
        if (!(rate >= 0 && rate <= 1) || (noise == Noise.ZERO && rate == 1)) {
            throw new IllegalArgumentException(
                    "QuantNoise: rate="
                            + rate
                            + " with noise="
                            + noise
                            + "; expected 0 to 1, for ZERO less than 1");
        }
        if (blockSize < 1) {
            throw new IllegalArgumentException(
                    "QuantNoise: blockSize=" + blockSize + "; expected 1 or more");
        }
    }

    @Override
    public Set<Knob> knobs() {
        return Set.of(Knob.NOISE_RATE);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        double now = moment.value(Knob.NOISE_RATE, rate);
        if (!moment.training() || (noise == Noise.INTEGER && now == 1)) {
            return RoundingKernel.INSTANCE;
        }
        return new NoiseKernel(
                now,
                blockSize,
                noise == Noise.ZERO,
                CounterRandom.key(seed, moment.stream(), moment.iteration()));
    }
}
