package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.SoftStaircase;
import io.github.dl4jqat.kernels.SoftStaircase.LearnedBounds;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Differentiable soft quantization: the gradient is that of a staircase with rounded steps, and
 * {@code alpha} says how round; formulas and worked numbers are at {@link SoftStaircase}. {@code
 * alpha}, the bounds of the range, or both may be learned. The forward pass rounds, unless {@code
 * softForward} asks for the staircase itself; evaluation always rounds.
 *
 * <p>A bound that is learned or fixed is brought to a grid that has a zero: for an affine spec to
 * the nearest integer zero point (gradients are those of the moved bounds), for others there is the
 * upper bound only, and the lower one is {@code upper * low / high} with the grid's ends in steps,
 * such as {@code -upper}. Learned bounds start from {@code lower} and {@code upper} or, where these
 * are null, from the tensor's own range.
 *
 * <p>A schedule of {@link Knob#ALPHA} takes the place of a fixed alpha, not of a learned one; its
 * ends 0 and 1 stand for values close to them. A learned alpha stays within 0.001..0.5.
 *
 * <p>Not to be had: one bit with an observed range. Two levels tell nothing about how far they
 * should lie apart, so give the bounds or let them be learned.
 *
 * <p>Source: Gong et al., arXiv:1908.05033.
 *
 * @param alpha above 0, near which the staircase is hard, and below 1, near which it is a line;
 *     learned: where it starts, 0.001 to 0.5
 * @param learnAlpha whether each scale has an alpha that the optimizer trains
 * @param bounds where the range comes from
 * @param lower fixed or first lower bound, 0 or less; null for none; only for affine specs
 * @param upper fixed or first upper bound, above 0; null for none
 * @param softForward whether training computes with the soft staircase
 * @param alphaPenalty coefficient of the paper's L2 penalty on a learned alpha, 0 for none
 * @param learningRate factor on the layer's learning rate for what is learned, 0 or more
 */
public record SoftQuantization(
        double alpha,
        boolean learnAlpha,
        Bounds bounds,
        Double lower,
        Double upper,
        boolean softForward,
        double alphaPenalty,
        double learningRate)
        implements CyclicEstimator {

    /** The name in configurations. */
    public static final String NAME = "dsq";

    private static final long serialVersionUID = 1L;

    private static final double SMALLEST_ALPHA = 1e-3;
    private static final double LARGEST_ALPHA = 0.5;

    /** Where the range comes from. */
    public enum Bounds {
        /** The tensor's own range, or that of the observer. */
        OBSERVED,
        /** The optimizer. */
        LEARNED,
        /** The configuration. */
        FIXED
    }

    /** Throws an {@code IllegalArgumentException} for numbers that make no staircase. */
    public SoftQuantization {
        if (!(alpha > 0 && alpha < 1)) {
            throw Settings.refused(NAME, "alpha", alpha, "a number between 0 and 1, ends excluded");
        }
        if (learnAlpha && (alpha < SMALLEST_ALPHA || alpha > LARGEST_ALPHA)) {
            throw Settings.refused(NAME, "learned alpha", alpha, "a start in 0.001..0.5");
        }
        if (bounds == null) {
            throw Settings.refused(NAME, "bounds", null, "one of OBSERVED, LEARNED, FIXED");
        }
        if (bounds == Bounds.OBSERVED && (lower != null || upper != null)) {
            throw Settings.refused(
                    NAME,
                    "bounds=OBSERVED with lower=" + lower + ", upper",
                    upper,
                    "none (null), or bounds FIXED or LEARNED");
        }
        if (bounds == Bounds.FIXED && upper == null) {
            throw Settings.refused(NAME, "bounds=FIXED with upper", null, "a number above 0");
        }
        if (upper != null) {
            Settings.positive(NAME, "upper", upper);
        }
        if (lower != null && !(lower <= 0 && Double.isFinite(lower))) {
            throw Settings.refused(NAME, "lower", lower, "a finite number, 0 or less");
        }
        Settings.notNegative(NAME, "alphaPenalty", alphaPenalty);
        if (alphaPenalty > 0 && !learnAlpha) {
            throw Settings.refused(
                    NAME, "alphaPenalty", alphaPenalty, "0, since alpha is not learned");
        }
        Settings.notNegative(NAME, "learningRate", learningRate);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        LearnedBounds learned =
                bounds != Bounds.LEARNED
                        ? LearnedBounds.NONE
                        : affine(spec) ? LearnedBounds.BOTH : LearnedBounds.UPPER;
        return new SoftStaircase(
                learnAlpha ? Double.NaN : moment.value(Knob.ALPHA, alpha),
                learned,
                softForward && moment.training());
    }

    /** A schedule moves alpha where it is not learned. */
    @Override
    public Set<Knob> knobs() {
        return learnAlpha ? Set.of() : Set.of(Knob.ALPHA);
    }

    @Override
    public List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        List<QuantizerParameter> all = new ArrayList<>();
        if (learnAlpha) {
            all.add(
                    QuantizerParameter.learned("alpha", learningRate, SMALLEST_ALPHA, LARGEST_ALPHA)
                            .withL2(alphaPenalty));
        }
        if (bounds == Bounds.LEARNED) {
            if (affine(spec)) {
                all.add(QuantizerParameter.learned("lower", learningRate, -Steps.LARGEST, 0));
            }
            all.add(Steps.bound("upper", spec, learningRate));
        }
        return List.copyOf(all);
    }

    @Override
    public double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        List<QuantizerParameter> parameters = parameters(spec, role);
        double[][] values = new double[parameters.size()][tensor.scales()];
        for (int c = 0; c < tensor.scales(); c++) {
            double[] own = bounds == Bounds.LEARNED ? ownRange(tensor, spec, c) : new double[2];
            for (int j = 0; j < values.length; j++) {
                values[j][c] =
                        switch (parameters.get(j).name()) {
                            case "alpha" -> alpha;
                            case "lower" -> lower == null ? own[0] : lower;
                            default -> upper == null ? own[1] : upper;
                        };
            }
        }
        return values;
    }

    private static double[] ownRange(TensorStatistics tensor, QuantSpec spec, int c) {
        double smallest = 0;
        double largest = 0;
        for (double v : Steps.finite(tensor, c)) {
            smallest = Math.min(smallest, v);
            largest = Math.max(largest, v);
        }
        if (!affine(spec)) {
            double reach = spec.signed() ? Math.max(-smallest, largest) : largest;
            return new double[] {0, Steps.orElse(reach, 1)};
        }
        return new double[] {smallest, largest - smallest > 0 ? largest : 1};
    }

    @Override
    public QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        if (bounds == Bounds.OBSERVED) {
            return observed.get();
        }
        int first = learnAlpha ? 1 : 0;
        if (affine(spec)) {
            boolean learned = bounds == Bounds.LEARNED;
            double from = learned ? values[first][0] : lower;
            double to = learned ? values[first + 1][0] : upper;
            return Steps.affine(spec, (to - from) / Steps.span(spec), from);
        }
        double[] uppers;
        if (bounds == Bounds.LEARNED) {
            uppers = values[first];
        } else {
            uppers = new double[Steps.scales(spec, observed)];
            Arrays.fill(uppers, upper);
        }
        return Steps.grid(spec, Arrays.stream(uppers).map(v -> v / spec.qMax()).toArray(), 0);
    }

    @Override
    public void requireServes(QuantSpec spec, TensorRole role) {
        if (spec.bits() == 1 && bounds == Bounds.OBSERVED) {
            throw new IllegalArgumentException(
                    "Estimator '"
                            + NAME
                            + "' with bounds=OBSERVED cannot serve the one bit of "
                            + spec
                            + ": no range can be observed for two levels; use bounds=LEARNED, or"
                            + " bounds=FIXED with upper, or 2 bits and more");
        }
        boolean misfixed = bounds == Bounds.FIXED && affine(spec) == (lower == null);
        boolean misstarted = bounds == Bounds.LEARNED && lower != null && !affine(spec);
        if (misfixed || misstarted) {
            throw new IllegalArgumentException(
                    "Estimator '"
                            + NAME
                            + "' has bounds="
                            + bounds
                            + " with lower="
                            + lower
                            + ", upper="
                            + upper
                            + " for "
                            + spec
                            + "; bounds=FIXED of an AFFINE spec are both needed, and any other spec"
                            + " has only upper");
        }
    }

    @Override
    public double slope(QuantSpec spec, double tau) {
        if (learnAlpha) {
            throw new IllegalArgumentException(
                    "Estimator '"
                            + NAME
                            + "' learns alpha, so that its slope is not known before training;"
                            + " use learnAlpha=false");
        }
        return Cells.check(tau, SoftStaircase.slope(alpha, tau));
    }

    private static boolean affine(QuantSpec spec) {
        return spec.symmetry() == Symmetry.AFFINE;
    }
}
