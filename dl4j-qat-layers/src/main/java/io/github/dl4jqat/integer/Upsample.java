package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.List;

/**
 * Every element several times along each axis, which is the nearest neighbor in a larger image:
 * element {@code i} of the output is element {@code i / repeats} of the input. Integers are passed
 * on, so input and output mean the same.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input integers
 * @param output sizes of the input times {@code repeats}
 * @param repeats how often an element stands on each axis, 1 or more; the batch is not counted
 */
public record Upsample(String name, TensorType input, TensorType output, List<Integer> repeats)
        implements IntegerOp {

    private static final String TYPE = "Upsample";

    /** Checks shapes and parameters. */
    public Upsample {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.sameParams(TYPE, name, input, output);
        repeats = OpChecks.perAxis(TYPE, name, "repeats", repeats, input, 1);
        OpChecks.shape(TYPE, name, output, shape(name, input, repeats));
    }

    /** A repeated tensor; the result gets the name {@code output}. */
    public static Upsample of(String name, TensorType input, String output, List<Integer> repeats) {
        List<Integer> checked = OpChecks.perAxis(TYPE, name, "repeats", repeats, input, 1);
        List<Integer> shape = shape(name, input, checked);
        return new Upsample(name, input, new TensorType(output, shape, input.params()), checked);
    }

    private static List<Integer> shape(String name, TensorType input, List<Integer> repeats) {
        List<Integer> shape = new ArrayList<>();
        for (int axis = 0; axis < input.rank(); axis++) {
            shape.add(OpChecks.size(TYPE, name, (long) input.size(axis) * repeats.get(axis)));
        }
        return shape;
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
