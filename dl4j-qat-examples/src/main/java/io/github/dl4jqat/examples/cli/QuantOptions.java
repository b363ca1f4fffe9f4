package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.prepare.QatConfig;
import picocli.CommandLine.Option;

/** The options that say how to quantize. */
final class QuantOptions {

    @Option(
            names = "--weight-bits",
            paramLabel = "W",
            defaultValue = "8",
            description = "Bits of a weight, 2 to 8. Default: ${DEFAULT-VALUE}.")
    private int weightBits;

    @Option(
            names = "--activation-bits",
            paramLabel = "A",
            defaultValue = "8",
            description = "Bits of an activation, 2 to 8. Default: ${DEFAULT-VALUE}.")
    private int activationBits;

    @Option(
            names = "--estimator",
            paramLabel = "NAME",
            defaultValue = "clipped",
            description = {
                "The gradient that training uses in place of rounding's, which is zero:",
                "identity lets it through as it is, clipped stops it for values that were clipped.",
                "Default: ${DEFAULT-VALUE}."
            })
    private String estimator;

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
                    .estimator(GradientEstimators.named(estimator))
                    .build();
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private static void requireBits(String option, int bits) throws InputException {
        if (bits < 2 || bits > 8) {
            throw new InputException(option + ": expected 2 to 8, got " + bits);
        }
    }
}
