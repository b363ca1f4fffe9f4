package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.List;

/**
 * The axes of each example in another order: axis {@code i} of the output is axis {@code
 * permutation[i]} of the input. {@code [2, 0, 1]} brings a channels-last image {@code [H, W, C]} to
 * {@code [C, H, W]}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input integers
 * @param output the permuted shape with the same parameters
 * @param permutation each axis once; the batch is not counted
 */
public record Transpose(String name, TensorType input, TensorType output, List<Integer> permutation)
        implements IntegerOp {

    private static final String TYPE = "Transpose";

    /** Checks shapes and parameters. */
    public Transpose {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.sameParams(TYPE, name, input, output);
        permutation = List.copyOf(permutation);
        boolean[] seen = new boolean[input.rank()];
        List<Integer> expected = new ArrayList<>();
        for (int axis : permutation) {
            if (axis < 0 || axis >= seen.length || seen[axis]) {
                throw OpChecks.error(
                        TYPE, name, permutation + " is no permutation of the axes of " + input);
            }
            seen[axis] = true;
            expected.add(input.size(axis));
        }
        OpChecks.shape(TYPE, name, output, expected);
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }
}
