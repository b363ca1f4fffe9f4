package io.github.dl4jqat.integer;

/**
 * An example divided by its length:
 *
 * <pre>
 *   y = x / max(sqrt(sum of x^2), eps)
 * </pre>
 *
 * with the sum over all elements of the example. {@code eps} is a lower bound and not added, as in
 * Deeplearning4j's {@code L2NormalizeVertex}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input floats of any shape
 * @param output floats of the same shape
 * @param eps finite and greater than 0
 */
public record L2Normalize(String name, TensorType input, TensorType output, double eps)
        implements FloatOp {

    private static final String TYPE = "L2Normalize";

    /** Checks shapes and parameters. */
    public L2Normalize {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, input, output);
        OpChecks.shape(TYPE, name, output, input.shape());
        FloatChecks.positive(TYPE, name, "eps", eps);
    }
}
