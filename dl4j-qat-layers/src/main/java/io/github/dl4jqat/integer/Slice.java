package io.github.dl4jqat.integer;

import java.util.List;

/**
 * A block of a tensor: element {@code i} of the output is element {@code begin + i} of the input on
 * each axis. Crops images, picks channels, takes the last step of a sequence. Integers are passed
 * on, so input and output mean the same.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input integers
 * @param output the block; its shape says how much is taken on each axis
 * @param begin the first element taken on each axis; the batch is not counted
 */
public record Slice(String name, TensorType input, TensorType output, List<Integer> begin)
        implements IntegerOp {

    private static final String TYPE = "Slice";

    /** Checks shapes and parameters. */
    public Slice {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.sameParams(TYPE, name, input, output);
        begin = OpChecks.perAxis(TYPE, name, "begin", begin, input, 0);
        boolean inside = output.rank() == input.rank();
        for (int axis = 0; inside && axis < input.rank(); axis++) {
            inside = (long) begin.get(axis) + output.size(axis) <= input.size(axis);
        }
        if (!inside) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "a block of "
                            + output.shape()
                            + " from "
                            + begin
                            + " on is not within the input "
                            + input.shape());
        }
    }

    /** A block of {@code size}; the result gets the name {@code output}. */
    public static Slice of(
            String name, TensorType input, String output, List<Integer> begin, List<Integer> size) {
        return new Slice(name, input, new TensorType(output, size, input.params()), begin);
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
