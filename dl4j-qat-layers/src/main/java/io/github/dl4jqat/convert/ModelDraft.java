package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.Reshape;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Transpose;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An integer model in the making. The integers that belong to a layer's output get the layer's own
 * name, so that a model and the network it came from can be compared layer by layer; whatever lies
 * between gets a name with a suffix.
 */
final class ModelDraft {

    private final List<String> inputNames;
    private final Map<String, TensorType> inputs = new LinkedHashMap<>();
    private final List<IntegerOp> ops = new ArrayList<>();
    private final Set<String> names = new LinkedHashSet<>();
    private final Map<String, String> ends = new LinkedHashMap<>();
    private final Requantization mode;

    ModelDraft(Requantization mode, List<String> inputNames) {
        this.mode = mode;
        this.inputNames = List.copyOf(inputNames);
        names.addAll(inputNames);
    }

    /** How all accumulators are scaled. */
    Requantization mode() {
        return mode;
    }

    /** A tensor name that is not taken: the wish itself, or with a number behind it. */
    String unique(String wish) {
        String name = wish;
        for (int n = 2; !names.add(name); n++) {
            name = wish + ":" + n;
        }
        return name;
    }

    /** The floats of a network input, or null as long as no layer reads them. */
    TensorType input(String name) {
        return inputs.get(name);
    }

    void add(IntegerOp op) {
        ops.add(op);
    }

    /** Checks that a layer scales its accumulators as all others do. */
    void requireMode(Requantization layerMode) {
        if (mode != layerMode) {
            throw new IllegalArgumentException(
                    "its requantization is "
                            + layerMode
                            + ", that of layers before it "
                            + mode
                            + "; a model has one, set it in QatConfig");
        }
    }

    /** Notes the tensor that a network's output is. */
    void output(String node, String tensor) {
        ends.put(node, tensor);
    }

    /** A network input, whose floats have that shape. */
    TensorType rawInput(String name, List<Integer> shape) {
        TensorType floats = inputs.get(name);
        if (floats == null) {
            floats = new TensorType(name, shape, null);
            inputs.put(name, floats);
        } else if (!floats.shape().equals(shape)) {
            throw new IllegalArgumentException(
                    "it takes input '"
                            + name
                            + "' with shape "
                            + shape
                            + ", another layer with "
                            + floats.shape());
        }
        return floats;
    }

    /** The integers of a network input, whose floats have that shape. */
    TensorType quantizedInput(String name, List<Integer> shape, QuantParams params, String layer) {
        TensorType floats = rawInput(name, shape);
        TensorType integers = new TensorType(unique(name + ":quantized"), shape, params);
        add(new Quantize(layer, floats, integers));
        return integers;
    }

    /** The integers of floats that an island gives. */
    TensorType quantized(TensorType floats, QuantParams params, String layer) {
        TensorType integers =
                new TensorType(unique(floats.name() + ":quantized"), floats.shape(), params);
        add(new Quantize(layer, floats, integers));
        return integers;
    }

    /** The same integers in another shape. */
    TensorType reshape(TensorType input, List<Integer> shape, String layer) {
        if (input.shape().equals(shape)) {
            return input;
        }
        TensorType output = new TensorType(unique(layer + ":in"), shape, input.params());
        add(new Reshape(layer, input, output));
        return output;
    }

    /** The integers of a layer's output, in the shape that they have there, under its name. */
    TensorType result(TensorType input, List<Integer> shape, String layer) {
        TensorType output = new TensorType(unique(layer), shape, input.params());
        add(new Reshape(layer, input, output));
        return output;
    }

    /** The same integers with their axes in another order. */
    TensorType transpose(TensorType input, List<Integer> permutation, String layer) {
        List<Integer> shape = new ArrayList<>();
        permutation.forEach(axis -> shape.add(input.shape().get(axis)));
        TensorType output = new TensorType(unique(layer + ":in"), shape, input.params());
        add(new Transpose(layer, input, output, permutation));
        return output;
    }

    /**
     * The model.
     *
     * @param outputs the network's outputs, in its order
     */
    IntegerModel build(List<String> outputs, Map<String, String> metadata) {
        IntegerModel.Builder builder = IntegerModel.builder().requantization(mode);
        // In the network's order, whichever layer was the first to read one.
        inputNames.stream().filter(inputs::containsKey).map(inputs::get).forEach(builder::input);
        ops.forEach(builder::add);
        outputs.forEach(node -> builder.output(ends.get(node)));
        metadata.forEach(builder::metadata);
        return builder.build();
    }
}
