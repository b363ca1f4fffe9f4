package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.estimator.ClippedStraightThrough;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.prepare.QatConfig;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that say how to quantize. */
final class QuantOptions {

    @Option(
            names = "--weight-bits",
            paramLabel = "W",
            defaultValue = "8",
            description = "Bits of a weight, 1 to 8. Default: ${DEFAULT-VALUE}.")
    private int weightBits;

    @Option(
            names = "--activation-bits",
            paramLabel = "A",
            defaultValue = "8",
            description = "Bits of an activation, 1 to 8. Default: ${DEFAULT-VALUE}.")
    private int activationBits;

    @Option(
            names = "--estimator",
            paramLabel = "NAME",
            description = {
                "How weights and activations are quantized in training, and which gradient passes"
                        + " the rounding: a name out of 'qat estimators --help'.",
                "Default: clipped."
            })
    private String estimator;

    @Option(
            names = "--weight-estimator",
            paramLabel = "NAME",
            description = "The same for the weights alone.")
    private String weightEstimator;

    @Option(
            names = "--activation-estimator",
            paramLabel = "NAME",
            description = "The same for the activations alone.")
    private String activationEstimator;

    @Mixin private RequantizationOption requantization;

    int weightBits() {
        return weightBits;
    }

    int activationBits() {
        return activationBits;
    }

    /** For tables: "8-bit", or "4-bit weights, 8-bit activations" when the two differ. */
    String describe() {
        return weightBits == activationBits
                ? weightBits + "-bit"
                : "W" + weightBits + "A" + activationBits;
    }

    /**
     * The configuration that the options describe.
     *
     * @throws InputException if there is no such configuration
     */
    QatConfig config() throws InputException {
        requireBits("--weight-bits", weightBits);
        requireBits("--activation-bits", activationBits);
        try {
            return QatConfig.builder()
                    .weightBits(weightBits)
                    .activationBits(activationBits)
                    .weightEstimator(estimator(weightEstimator))
                    .activationEstimator(estimator(activationEstimator))
                    .requantization(requantization.mode())
                    .build();
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private GradientEstimator estimator(String own) {
        String general = estimator == null ? ClippedStraightThrough.NAME : estimator;
        return GradientEstimators.named(own == null ? general : own);
    }

    private static void requireBits(String option, int bits) throws InputException {
        if (bits < 1 || bits > 8) {
            throw new InputException(option + ": expected 1 to 8, got " + bits);
        }
    }
}
