package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A network of integer operations: float inputs, each read by {@link Quantize} or, if it holds
 * indices, by {@link Embedding}; operations in an order in which every tensor is written before it
 * is read; float outputs, each written by {@link Dequantize}.
 *
 * <p>Between them there are only integers, with one exception that a model names: layers for which
 * there is no integer arithmetic are {@link FloatOp}s, which compute with floats. They stand
 * between a {@link Dequantize} and a {@link Quantize} as a float island, behind the last {@link
 * Dequantize} or before the first {@link Quantize}; {@link #floatIslands()} lists them. A model
 * without them computes with integers only.
 *
 * <p>A model that exists is sound: every tensor is defined once, readers and writers agree on its
 * type, all operations requantize in the model's mode, and no int32 accumulator can overflow,
 * whatever the input.
 *
 * <p>Immutable and thread-safe; compares by value.
 */
public final class IntegerModel {

    private final List<TensorType> inputs;
    private final List<IntegerOp> ops;
    private final List<TensorType> outputs;
    private final Requantization requantization;
    private final Map<String, String> metadata;
    private final Map<String, TensorType> tensors;

    private IntegerModel(
            Builder builder, Map<String, TensorType> tensors, List<TensorType> outputs) {
        this.inputs = List.copyOf(builder.inputs);
        this.ops = List.copyOf(builder.ops);
        this.outputs = List.copyOf(outputs);
        this.requantization = builder.requantization;
        this.metadata = Collections.unmodifiableMap(new TreeMap<>(builder.metadata));
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /** An empty builder; its mode is {@link Requantization#FLOAT} unless told otherwise. */
    public static Builder builder() {
        return new Builder();
    }

    /** The float tensors that a caller feeds. */
    public List<TensorType> inputs() {
        return inputs;
    }

    /** The operations in the order of computation. */
    public List<IntegerOp> ops() {
        return ops;
    }

    /** The float tensors that a caller gets. */
    public List<TensorType> outputs() {
        return outputs;
    }

    /** How all accumulators are requantized. */
    public Requantization requantization() {
        return requantization;
    }

    /** Free text about the model, sorted by key. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** All tensors by name, in the order of their definition. */
    public Map<String, TensorType> tensors() {
        return tensors;
    }

    /** The tensor of that name; an error that lists the names where there is none. */
    public TensorType tensor(String name) {
        TensorType tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException(
                    "IntegerModel: there is no tensor '" + name + "', only " + tensors.keySet());
        }
        return tensor;
    }

    /** The operation that writes a tensor; empty for an input of the model. */
    public Optional<IntegerOp> producer(String tensor) {
        return ops.stream().filter(op -> op.output().name().equals(tensor)).findFirst();
    }

    /**
     * The layers that compute with floats, in the order of computation, each once; empty for a
     * model that computes with integers only.
     */
    public List<String> floatIslands() {
        return ops.stream()
                .filter(FloatOp.class::isInstance)
                .map(IntegerOp::name)
                .distinct()
                .toList();
    }

    /** Bytes of weights at their bit width, biases, scales, and rows of embeddings. */
    public long weightBytes() {
        return ops.stream().mapToLong(IntegerOp::constantBytes).sum();
    }

    @Override
    public boolean equals(Object o) {
        if (!(o instanceof IntegerModel other)) {
            return false;
        }
        return inputs.equals(other.inputs)
                && ops.equals(other.ops)
                && outputs.equals(other.outputs)
                && requantization == other.requantization
                && metadata.equals(other.metadata);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * inputs.hashCode() + outputs.hashCode()) + ops.size();
    }

    @Override
    public String toString() {
        return "IntegerModel " + inputs + " -> " + outputs + ", " + ops.size() + " operations";
    }

    /** Collects the parts of a model. Not thread-safe. */
    public static final class Builder {

        private final List<TensorType> inputs = new ArrayList<>();
        private final List<IntegerOp> ops = new ArrayList<>();
        private final List<String> outputs = new ArrayList<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private Requantization requantization = Requantization.FLOAT;

        private Builder() {}

        /** Adds a float input with its shape for one example. */
        public Builder input(String name, int... shape) {
            return input(TensorType.ofFloats(name, shape));
        }

        /** Adds a float input. */
        public Builder input(TensorType input) {
            inputs.add(input);
            return this;
        }

        /** Appends an operation. */
        public Builder add(IntegerOp op) {
            ops.add(op);
            return this;
        }

        /**
         * Names a tensor, written by a {@link Dequantize} or a {@link FloatOp}, as an output of the
         * model.
         */
        public Builder output(String name) {
            outputs.add(name);
            return this;
        }

        /** Sets the mode that all operations must share. */
        public Builder requantization(Requantization mode) {
            requantization = mode;
            return this;
        }

        /** Adds an entry of free text. */
        public Builder metadata(String key, String value) {
            if (key == null || value == null) {
                throw new IllegalArgumentException(
                        "IntegerModel: metadata " + key + "=" + value + "; both must be given");
            }
            metadata.put(key, value);
            return this;
        }

        /**
         * The model.
         *
         * @throws IllegalArgumentException naming every problem at once
         */
        public IntegerModel build() {
            if (requantization == null) {
                throw new IllegalArgumentException("IntegerModel: requantization mode is null");
            }
            ModelCheck check = new ModelCheck(requantization);
            check.inputs(inputs);
            ops.forEach(check::op);
            List<TensorType> outputTypes = check.outputs(outputs);
            check.throwProblems();
            return new IntegerModel(this, check.tensors(), outputTypes);
        }
    }
}
