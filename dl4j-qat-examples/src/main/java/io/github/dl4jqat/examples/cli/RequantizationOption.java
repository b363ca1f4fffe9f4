package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.quant.Requantization;
import picocli.CommandLine.Option;

/** The option that says how accumulators become integers again. */
final class RequantizationOption {

    @Option(
            names = "--requantization",
            paramLabel = "MODE",
            defaultValue = "float",
            description =
                    "How accumulators become integers again: float, or fixed-point as on"
                            + " microcontrollers, which the Java engine alone computes. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String requantization;

    Requantization mode() throws InputException {
        return switch (requantization) {
            case "float" -> Requantization.FLOAT;
            case "fixed-point" -> Requantization.FIXED_POINT;
            default ->
                    throw new InputException(
                            "--requantization: expected float or fixed-point, got "
                                    + requantization);
        };
    }
}
