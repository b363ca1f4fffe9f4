package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.List;

/**
 * Tensors one after the other along an axis: channels of several images become channels of one.
 * Integers are passed on, so all inputs and the output mean the same.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param inputs two or more tensors whose shapes differ on {@code axis} only
 * @param output their shape, with the sum of their sizes on {@code axis}
 * @param axis which axis; the batch is not counted
 */
public record Concat(String name, List<TensorType> inputs, TensorType output, int axis)
        implements IntegerOp {

    private static final String TYPE = "Concat";

    /** Checks shapes and parameters. */
    public Concat {
        OpChecks.name(TYPE, name);
        inputs = List.copyOf(inputs);
        OpChecks.several(TYPE, name, inputs);
        OpChecks.integers(TYPE, name, output);
        inputs.forEach(in -> OpChecks.sameParams(TYPE, name, in, output));
        OpChecks.shape(TYPE, name, output, shape(name, inputs, axis));
    }

    /** Tensors one after the other; the result gets the name {@code output}. */
    public static Concat of(String name, List<TensorType> inputs, String output, int axis) {
        OpChecks.several(TYPE, name, inputs);
        List<Integer> shape = shape(name, inputs, axis);
        return new Concat(
                name, inputs, new TensorType(output, shape, inputs.get(0).params()), axis);
    }

    private static List<Integer> shape(String name, List<TensorType> inputs, int axis) {
        TensorType first = inputs.get(0);
        OpChecks.axis(TYPE, name, first, axis);
        long sum = 0;
        for (TensorType in : inputs) {
            boolean fits = in.rank() == first.rank();
            for (int i = 0; fits && i < in.rank(); i++) {
                fits = i == axis || in.size(i) == first.size(i);
            }
            if (!fits) {
                throw OpChecks.error(
                        TYPE,
                        name,
                        "input "
                                + in
                                + " does not go with "
                                + first
                                + "; shapes may differ on axis "
                                + axis
                                + " only");
            }
            sum += in.size(axis);
        }
        List<Integer> shape = new ArrayList<>(first.shape());
        shape.set(axis, OpChecks.size(TYPE, name, sum));
        return shape;
    }
}
