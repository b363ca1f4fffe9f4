package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.List;

/**
 * A tensor with a margin of real zeros, that is with its zero point, on each axis. All other
 * integers are passed on, so input and output mean the same.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input integers; not mid-rise, which has no zero
 * @param output the shape with the margins
 * @param before how many elements come before the input's on each axis; the batch is not counted
 * @param after how many elements come after the input's on each axis
 */
public record Pad(
        String name, TensorType input, TensorType output, List<Integer> before, List<Integer> after)
        implements IntegerOp {

    private static final String TYPE = "Pad";

    /** Checks shapes and parameters. */
    public Pad {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.sameParams(TYPE, name, input, output);
        OpChecks.hasZero(TYPE, name, input);
        before = OpChecks.perAxis(TYPE, name, "before", before, input, 0);
        after = OpChecks.perAxis(TYPE, name, "after", after, input, 0);
        OpChecks.shape(TYPE, name, output, shape(name, input, before, after));
    }

    /** A padded tensor; the result gets the name {@code output}. */
    public static Pad of(
            String name,
            TensorType input,
            String output,
            List<Integer> before,
            List<Integer> after) {
        List<Integer> shape =
                shape(
                        name,
                        input,
                        OpChecks.perAxis(TYPE, name, "before", before, input, 0),
                        OpChecks.perAxis(TYPE, name, "after", after, input, 0));
        return new Pad(name, input, new TensorType(output, shape, input.params()), before, after);
    }

    private static List<Integer> shape(
            String name, TensorType input, List<Integer> before, List<Integer> after) {
        List<Integer> shape = new ArrayList<>();
        for (int axis = 0; axis < input.rank(); axis++) {
            long size = (long) before.get(axis) + input.size(axis) + after.get(axis);
            shape.add(OpChecks.size(TYPE, name, size));
        }
        return shape;
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
