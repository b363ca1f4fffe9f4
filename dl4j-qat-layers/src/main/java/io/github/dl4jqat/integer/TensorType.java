package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.List;

/**
 * A named tensor of the model: its shape for one example, without the batch, and what its integers
 * mean. Images are {@code [channels, height, width]}, vectors {@code [length]}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name unique within a model
 * @param shape one to six positive sizes
 * @param params one scale and zero point for the whole tensor, or null for a float tensor
 */
public record TensorType(String name, List<Integer> shape, QuantParams params) {

    /** No tensor has more elements for one example; larger ones are taken for an error. */
    public static final int MAX_ELEMENTS = 1 << 28;

    private static final int MAX_RANK = 6;

    /** Checks name, shape and parameters. */
    public TensorType {
        if (name == null || name.isEmpty()) {
            throw new IllegalArgumentException("TensorType: a tensor needs a name, got " + name);
        }
        shape = List.copyOf(shape);
        if (shape.isEmpty() || shape.size() > MAX_RANK) {
            throw new IllegalArgumentException(
                    "Tensor '" + name + "': shape " + shape + " has no rank of 1 to " + MAX_RANK);
        }
        long size = 1;
        for (int n : shape) {
            if (n < 1) {
                throw new IllegalArgumentException(
                        "Tensor '" + name + "': shape " + shape + " has a size below 1");
            }
            size *= n;
            if (size > MAX_ELEMENTS) {
                throw new IllegalArgumentException(
                        "Tensor '"
                                + name
                                + "': shape "
                                + shape
                                + " has more than "
                                + MAX_ELEMENTS
                                + " elements");
            }
        }
        if (params != null && params.size() != 1) {
            throw new IllegalArgumentException(
                    "Tensor '"
                            + name
                            + "': "
                            + params.size()
                            + " scales; an activation has one scale for the whole tensor");
        }
    }

    /** A tensor of integers. */
    public static TensorType of(String name, QuantParams params, int... shape) {
        if (params == null) {
            throw new IllegalArgumentException(
                    "Tensor '" + name + "': no parameters; use ofFloats for a float tensor");
        }
        return new TensorType(name, boxed(shape), params);
    }

    /** A tensor of floats: a network input or output, or one of a float island. */
    public static TensorType ofFloats(String name, int... shape) {
        return new TensorType(name, boxed(shape), null);
    }

    private static List<Integer> boxed(int[] shape) {
        List<Integer> sizes = new ArrayList<>(shape.length);
        for (int n : shape) {
            sizes.add(n);
        }
        return sizes;
    }

    /** Whether the elements are floats. */
    public boolean isFloat() {
        return params == null;
    }

    /** How many axes there are, without the batch. */
    public int rank() {
        return shape.size();
    }

    /** The size of an axis. */
    public int size(int axis) {
        return shape.get(axis);
    }

    /** How many elements one example has. */
    public int elements() {
        int product = 1;
        for (int n : shape) {
            product *= n;
        }
        return product;
    }

    /** The largest {@code |q - zeroPoint|} an element can have. */
    public int largestStep() {
        return Math.max(Math.abs(params.lowestStep()), Math.abs(params.highestStep()));
    }

    @Override
    public String toString() {
        return "'" + name + "' " + shape + " " + (params == null ? "float" : params.toString());
    }
}
