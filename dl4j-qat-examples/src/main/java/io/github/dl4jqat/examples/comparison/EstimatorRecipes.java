package io.github.dl4jqat.examples.comparison;

import io.github.dl4jqat.estimator.DoReFa;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.SoftQuantization;
import io.github.dl4jqat.estimator.TanhGradient;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import java.util.function.IntFunction;

/**
 * How a comparison uses each estimator of the library. One bit of weights is -1 and 1, more are
 * signed and have a zero, unless the estimator wants levels on both sides of it. What is for
 * weights only has the learned step of LSQ on its activations, which serves all widths.
 */
public final class EstimatorRecipes {

    /** What all recipes do about the ends of the network, in a sentence. */
    static final String EDGES =
            "All weights have the width of the column, those of the first and the last layer too,"
                    + " and so have all activations; the pictures and the logits have 8 bits.";

    private static final int MOST_BITS = 8;
    private static final int MOST_POWERS = 4;
    private static final double SOFT_ALPHA = 0.2;
    private static final int MOST_MID_RISE_BITS = QuantSpec.MAX_MID_RISE_BITS;

    private static final List<EstimatorRecipe> ALL = all();

    private EstimatorRecipes() {}

    /** All of them, in the order of the rows. */
    public static List<EstimatorRecipe> list() {
        return ALL;
    }

    /** All names, in that order. */
    public static List<String> names() {
        return ALL.stream().map(EstimatorRecipe::name).toList();
    }

    /**
     * The recipe of that name.
     *
     * @throws IllegalArgumentException for an unknown name; the message lists the known ones
     */
    public static EstimatorRecipe named(String name) {
        return ALL.stream()
                .filter(r -> r.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "unknown estimator '" + name + "'; known are " + names()));
    }

    /** For networks that are calibrated only: ranges from the smallest to the largest value. */
    static EstimatorRecipe withoutTraining() {
        return named("clipped");
    }

    private static List<EstimatorRecipe> all() {
        return List.of(
                both("identity"),
                both("clipped"),
                both("lsq"),
                both("lsq-plus"),
                new EstimatorRecipe(
                        "pact",
                        1,
                        MOST_BITS,
                        EstimatorRecipes::besidePact,
                        usual("pact"),
                        b ->
                                b > MOST_MID_RISE_BITS
                                        ? integers(b)
                                        : Quantizers.midRisePerChannel(b)),
                both("dsq", EstimatorRecipes::soft),
                both("tanh", EstimatorRecipes::tanh),
                both("piecewise-linear"),
                both("ewgs"),
                both("mad"),
                weights("binary", 1, 1),
                weights("xnor", 1, 1),
                weights("ternary", 2, 2),
                new EstimatorRecipe(
                        "dorefa",
                        1,
                        MOST_MID_RISE_BITS,
                        b -> new DoReFa(true),
                        usual("dorefa"),
                        Quantizers::midRisePerChannel),
                weights("power-of-two", 2, MOST_POWERS),
                both("stochastic"),
                weights("quant-noise", 1, MOST_BITS));
    }

    /** Weights and activations alike. */
    private static EstimatorRecipe both(String name) {
        return both(name, usual(name));
    }

    private static EstimatorRecipe both(String name, IntFunction<GradientEstimator> estimator) {
        return new EstimatorRecipe(
                name, 1, MOST_BITS, estimator, estimator, EstimatorRecipes::integers);
    }

    /** Weights, with a learned step for the activations. */
    private static EstimatorRecipe weights(String name, int fewestBits, int mostBits) {
        return new EstimatorRecipe(
                name, fewestBits, mostBits, usual(name), usual("lsq"), EstimatorRecipes::integers);
    }

    private static IntFunction<GradientEstimator> usual(String name) {
        return b -> GradientEstimators.named(name);
    }

    private static QuantSpec integers(int bits) {
        return bits == 1 ? Quantizers.binaryPerChannel() : Quantizers.intPerChannel(bits);
    }

    /** The pair of PACT's paper, as far as there are integers for it. */
    private static GradientEstimator besidePact(int bits) {
        return bits > MOST_MID_RISE_BITS ? GradientEstimators.clipped() : new DoReFa(true);
    }

    /** Two levels have no range that could be observed; they learn one. */
    private static GradientEstimator soft(int bits) {
        return bits > 1
                ? GradientEstimators.named("dsq")
                : new SoftQuantization(
                        SOFT_ALPHA,
                        false,
                        SoftQuantization.Bounds.LEARNED,
                        null,
                        null,
                        false,
                        0,
                        1);
    }

    /** The sharpness of the experiments in arXiv:2405.05171; beyond 2 bits that of 4, per level. */
    private static GradientEstimator tanh(int bits) {
        return switch (bits) {
            case 1 -> new TanhGradient(2, null);
            case 2 -> new TanhGradient(6.5, null);
            default -> new TanhGradient(1.2 * ((1 << bits) - 1), null);
        };
    }
}
