package io.github.dl4jqat.integer;

/**
 * The softmax over axis 0, for each place behind it on its own:
 *
 * <pre>
 *   y[c, ...] = exp(x[c, ...] - max) / sum over j of exp(x[j, ...] - max)
 * </pre>
 *
 * with the largest element of the same place for {@code max}: of a vector, of each step of a
 * sequence {@code [n, T]}, of each pixel of an image {@code [C, H, W]}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input floats of any shape
 * @param output floats of the same shape
 */
public record FloatSoftmax(String name, TensorType input, TensorType output) implements FloatOp {

    private static final String TYPE = "FloatSoftmax";

    /** Checks shapes. */
    public FloatSoftmax {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, input, output);
        OpChecks.shape(TYPE, name, output, input.shape());
    }
}
