package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.List;

/**
 * Real zeros, that is zero points, between the elements of a tensor: element {@code i} of the input
 * becomes element {@code i * steps} of the output on each axis. A transposed convolution with
 * stride {@code s} is a spread by {@code s}, a {@link Pad} and a convolution with stride 1 and the
 * kernel turned around. All other integers are passed on, so input and output mean the same.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input integers; not mid-rise, which has no zero
 * @param output {@code (size - 1) * steps + 1} on each axis
 * @param steps from one element to the next on each axis, 1 or more; the batch is not counted
 */
public record Spread(String name, TensorType input, TensorType output, List<Integer> steps)
        implements IntegerOp {

    private static final String TYPE = "Spread";

    /** Checks shapes and parameters. */
    public Spread {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.sameParams(TYPE, name, input, output);
        OpChecks.hasZero(TYPE, name, input);
        steps = OpChecks.perAxis(TYPE, name, "steps", steps, input, 1);
        OpChecks.shape(TYPE, name, output, shape(name, input, steps));
    }

    /** A spread tensor; the result gets the name {@code output}. */
    public static Spread of(String name, TensorType input, String output, List<Integer> steps) {
        List<Integer> checked = OpChecks.perAxis(TYPE, name, "steps", steps, input, 1);
        List<Integer> shape = shape(name, input, checked);
        return new Spread(name, input, new TensorType(output, shape, input.params()), checked);
    }

    private static List<Integer> shape(String name, TensorType input, List<Integer> steps) {
        List<Integer> shape = new ArrayList<>();
        for (int axis = 0; axis < input.rank(); axis++) {
            long size = (input.size(axis) - 1L) * steps.get(axis) + 1;
            shape.add(OpChecks.size(TYPE, name, size));
        }
        return shape;
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
