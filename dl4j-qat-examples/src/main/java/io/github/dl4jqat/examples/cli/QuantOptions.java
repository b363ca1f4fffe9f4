package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.estimator.ClippedStraightThrough;
import io.github.dl4jqat.estimator.TensorRole;
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
            completionCandidates = EstimatorChoice.Names.class,
            description = {
                "How weights and activations are quantized in training, and which gradient passes"
                        + " the rounding: ${COMPLETION-CANDIDATES}.",
                "What is for weights only has lsq activations beside it, pact has dorefa weights.",
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
        EstimatorChoice weights =
                choice("--weight-estimator", weightEstimator, TensorRole.WEIGHT, weightBits);
        EstimatorChoice activations =
                choice(
                        "--activation-estimator",
                        activationEstimator,
                        TensorRole.ACTIVATION,
                        activationBits);
        try {
            return QatConfig.builder()
                    .weightQuant(weights.integers())
                    .weightEstimator(weights.estimator())
                    .activationQuant(activations.integers())
                    .activationEstimator(activations.estimator())
                    .requantization(requantization.mode())
                    .build();
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private EstimatorChoice choice(String option, String own, TensorRole role, int bits)
            throws InputException {
        if (own != null) {
            return EstimatorChoice.of(option, own, role, bits, false);
        }
        String general = estimator == null ? ClippedStraightThrough.NAME : estimator;
        return EstimatorChoice.of("--estimator", general, role, bits, true);
    }

    private static void requireBits(String option, int bits) throws InputException {
        if (bits < 1 || bits > 8) {
            throw new InputException(option + ": expected 1 to 8, got " + bits);
        }
    }
}
