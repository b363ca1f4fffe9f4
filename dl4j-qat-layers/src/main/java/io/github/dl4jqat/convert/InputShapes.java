package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shapes that a user wants a model's inputs to have, where these are not the shapes that the
 * layers have noted in training.
 *
 * @param wanted by name of the input: the shape of one example as DL4J's arrays have it
 */
record InputShapes(Map<String, List<Integer>> wanted) {

    /**
     * Checks what a user has written.
     *
     * @throws IllegalArgumentException if an input of that name does not exist, or a size is none
     */
    static InputShapes of(Map<String, long[]> shapes, NetworkView network) {
        Map<String, List<Integer>> wanted = new LinkedHashMap<>();
        shapes.forEach(
                (name, shape) -> {
                    if (!network.inputs().contains(name)) {
                        throw new IllegalArgumentException(
                                "Qat.convert: the network has no input '"
                                        + name
                                        + "', its inputs are "
                                        + network.inputs());
                    }
                    wanted.put(name, sizes(name, shape));
                });
        return new InputShapes(Map.copyOf(wanted));
    }

    /** The shapes that a model's inputs have, for those inputs that the network has too. */
    static Map<String, long[]> of(IntegerModel model, NetworkView network) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        for (TensorType input : model.inputs()) {
            if (network.inputs().contains(input.name())) {
                shapes.put(
                        input.name(),
                        input.shape().stream().mapToLong(Integer::intValue).toArray());
            }
        }
        return shapes;
    }

    private static List<Integer> sizes(String name, long[] shape) {
        List<Integer> sizes = new ArrayList<>();
        long elements = 1;
        for (long size : shape == null ? new long[0] : shape) {
            // Two factors of an int cannot overflow a long.
            elements = size < 1 || size > Integer.MAX_VALUE ? 0 : elements * size;
            if (elements < 1 || elements > Integer.MAX_VALUE) {
                break;
            }
            sizes.add((int) size);
        }
        if (shape == null || sizes.isEmpty() || sizes.size() < shape.length) {
            throw new IllegalArgumentException(
                    "Qat.convert: "
                            + Arrays.toString(shape)
                            + " is no shape for input '"
                            + name
                            + "'; expected that of one example, without the batch, with sizes of 1"
                            + " or more, and no more than 2^31 - 1 elements");
        }
        return List.copyOf(sizes);
    }

    /**
     * What is wanted of an input; null if nothing is.
     *
     * @param fixed the shape that a preprocessor needs, or null
     * @param noted the shape that a layer behind it has seen in training, or null
     * @throws IllegalArgumentException if that is another one, or has other axes
     */
    List<Integer> of(String input, List<Integer> fixed, List<Integer> noted) {
        List<Integer> shape = wanted.get(input);
        if (shape == null) {
            return null;
        }
        if (fixed != null && !shape.equals(fixed)) {
            throw new IllegalArgumentException(
                    "its preprocessor takes input '"
                            + input
                            + "' as "
                            + fixed
                            + ", not as "
                            + shape
                            + "; the model can only have that shape");
        }
        if (fixed == null && noted != null && noted.size() != shape.size()) {
            throw new IllegalArgumentException(
                    "it was trained with examples like "
                            + noted
                            + ", and input '"
                            + input
                            + "' is to be "
                            + shape
                            + ", which has other axes");
        }
        return shape;
    }
}
