package io.github.dl4jqat.integer;

import java.util.List;

/**
 * The largest integer under each window, channel by channel; padding is skipped. Input and output
 * mean the same, so nothing is requantized.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input image {@code [C, H, W]}
 * @param output image {@code [C, H', W']} with the input's parameters
 * @param window every position of it covers at least one real element
 */
public record MaxPool2d(String name, TensorType input, TensorType output, Window2d window)
        implements IntegerOp {

    private static final String TYPE = "MaxPool2d";

    /** Checks shapes and parameters. */
    public MaxPool2d {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.image(TYPE, name, input);
        OpChecks.windowed(TYPE, name, input, output, window, input.size(0));
        OpChecks.sameParams(TYPE, name, input, output);
        if (!window.alwaysMeetsInput(input.size(1), input.size(2))) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "window "
                            + window
                            + " on input "
                            + input.shape()
                            + " covers only padding somewhere, which has no maximum");
        }
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
