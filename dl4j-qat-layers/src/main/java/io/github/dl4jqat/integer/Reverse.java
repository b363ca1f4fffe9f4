package io.github.dl4jqat.integer;

import java.util.List;

/**
 * A tensor with the order of its elements turned around along one axis, as the backward direction
 * of a sequence needs it. Integers are passed on, so input and output mean the same.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input integers
 * @param output the same shape
 * @param axis which axis; the batch is not counted
 */
public record Reverse(String name, TensorType input, TensorType output, int axis)
        implements IntegerOp {

    private static final String TYPE = "Reverse";

    /** Checks shapes and parameters. */
    public Reverse {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.sameParams(TYPE, name, input, output);
        OpChecks.axis(TYPE, name, input, axis);
        OpChecks.shape(TYPE, name, output, input.shape());
    }

    /** A reversed tensor; the result gets the name {@code output}. */
    public static Reverse of(String name, TensorType input, String output, int axis) {
        TensorType reversed = new TensorType(output, input.shape(), input.params());
        return new Reverse(name, input, reversed, axis);
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
