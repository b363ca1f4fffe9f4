package io.github.dl4jqat.integer;

import java.util.List;

/**
 * The p-norm of each channel:
 *
 * <pre>
 *   y[c] = (sum of |x[c, ...]|^p)^(1 / p)
 * </pre>
 *
 * over all elements behind axis 0; the sum is not divided by their number.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input floats {@code [C, ...]} with at least two axes
 * @param output floats {@code [C]}
 * @param p at least 1
 */
public record GlobalPNormPool(String name, TensorType input, TensorType output, int p)
        implements FloatOp {

    private static final String TYPE = "GlobalPNormPool";

    /** Checks shapes and parameters. */
    public GlobalPNormPool {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, input, output);
        if (input.rank() < 2) {
            throw OpChecks.error(
                    TYPE, name, "input " + input + " has one axis, expected [channels, ...]");
        }
        OpChecks.shape(TYPE, name, output, List.of(input.size(0)));
        FloatChecks.norm(TYPE, name, p);
    }
}
