package io.github.dl4jqat.integer;

import java.util.List;

/**
 * The same integers in the same row-major order under another shape, for example {@code [C, H, W]}
 * to {@code [C * H * W]}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input integers
 * @param output as many integers with the same parameters
 */
public record Reshape(String name, TensorType input, TensorType output) implements IntegerOp {

    private static final String TYPE = "Reshape";

    /** Checks shapes and parameters. */
    public Reshape {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.sameParams(TYPE, name, input, output);
        if (input.elements() != output.elements()) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "output "
                            + output.shape()
                            + " has not as many elements as input "
                            + input.shape());
        }
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
