package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.TensorType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.lite.schema.ActivationFunctionType;

/**
 * The graph under construction, and which of its tensors stands for which of the model. Not
 * thread-safe.
 */
final class Lowering {

    /** Writes the operator that makes a tensor. */
    interface Emission {
        void emit(int output, byte activation);
    }

    private final IntegerModel model;
    private final boolean denseAsConvolution;
    private final TfGraph graph = new TfGraph();
    private final Map<String, Integer> tensors = new HashMap<>();

    /** Vectors whose elements lie in another order than in the model. */
    private final Map<String, int[]> orders = new HashMap<>();

    Lowering(IntegerModel model, boolean denseAsConvolution) {
        this.model = model;
        this.denseAsConvolution = denseAsConvolution;
    }

    /** Whether dense layers become convolutions of one pixel. */
    boolean denseAsConvolution() {
        return denseAsConvolution;
    }

    TfGraph graph() {
        return graph;
    }

    /** The operations that read a tensor. */
    List<IntegerOp> readers(TensorType tensor) {
        return model.ops().stream().filter(op -> op.inputs().contains(tensor)).toList();
    }

    /** The tensor of the graph that stands for one of the model. */
    int tensor(TensorType tensor) {
        Integer known = tensors.get(tensor.name());
        if (known == null) {
            known =
                    tensor.isFloat()
                            ? floats(tensor.name(), Layout.shape(tensor))
                            : int8(tensor.name(), tensor, Layout.shape(tensor));
            tensors.put(tensor.name(), known);
        }
        return known;
    }

    /** Whether something stands for a tensor of the model already. */
    boolean has(TensorType tensor) {
        return tensors.containsKey(tensor.name());
    }

    /** Lets a tensor of the graph stand for one more of the model. */
    void alias(TensorType tensor, int existing) {
        tensors.put(tensor.name(), existing);
    }

    /** A further tensor with the meaning of {@code like}. */
    int int8(String name, TensorType like, List<Integer> shape) {
        return graph.tensor(
                name, org.tensorflow.lite.schema.TensorType.INT8, shape, grid(like).scales());
    }

    int floats(String name, List<Integer> shape) {
        return graph.tensor(name, org.tensorflow.lite.schema.TensorType.FLOAT32, shape, null);
    }

    int int32(String name, List<Integer> shape) {
        return graph.tensor(name, org.tensorflow.lite.schema.TensorType.INT32, shape, null);
    }

    static Int8Grid grid(TensorType tensor) {
        return Int8Grid.of(tensor);
    }

    /** The index in the model of each element of a vector; null where the order is the same. */
    int[] order(TensorType vector) {
        return orders.get(vector.name());
    }

    /** Remembers that a vector's elements lie in another order. */
    void ordered(TensorType vector, int[] order) {
        orders.put(vector.name(), order);
    }

    /**
     * Lets {@code emission} write {@code output} with its integers clamped to {@code low..high}: by
     * the activation function of the operator if one does just that, by MAXIMUM and MINIMUM behind
     * it otherwise.
     */
    void clamped(TensorType output, int low, int high, Emission emission) {
        Int8Grid grid = grid(output);
        int lowest = low - grid.offset();
        int highest = high - grid.offset();
        Byte fused = Clamps.fused(grid, lowest, highest);
        if (fused != null) {
            emission.emit(tensor(output), fused);
            return;
        }
        int raw = int8(output.name() + "/unclamped", output, Layout.shape(output));
        emission.emit(raw, ActivationFunctionType.NONE);
        clamp(raw, output, lowest, highest);
    }

    /** Clamps to {@code low..high} by an operator of its own. */
    void clamp(int raw, TensorType output, int lowest, int highest) {
        int current = raw;
        boolean both = lowest > Byte.MIN_VALUE && highest < Byte.MAX_VALUE;
        if (lowest > Byte.MIN_VALUE) {
            int bound = bound(output, "/low", lowest);
            int to = both ? graph.like(raw, output.name() + "/raised") : tensor(output);
            graph.node(TfOp.MAXIMUM, Options.MAXIMUM_MINIMUM, to, current, bound);
            current = to;
        }
        if (highest < Byte.MAX_VALUE) {
            int bound = bound(output, "/high", highest);
            graph.node(TfOp.MINIMUM, Options.MAXIMUM_MINIMUM, tensor(output), current, bound);
        }
    }

    private int bound(TensorType output, String suffix, int value) {
        return graph.bytes(
                output.name() + suffix,
                List.of(1),
                new byte[] {(byte) value},
                grid(output).scales());
    }
}
