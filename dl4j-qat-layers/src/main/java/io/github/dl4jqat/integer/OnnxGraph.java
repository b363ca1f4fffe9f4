package io.github.dl4jqat.integer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.StringStringEntryProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.shade.protobuf.ByteString;

/**
 * An ONNX graph under construction that is well-formed at every step: values are {@link Value}
 * handles given out by the graph, so a node cannot read what is not there yet, and names are made
 * unique here, so none is written twice. Opset 13, IR version 8.
 *
 * <p>Not thread-safe.
 */
public final class OnnxGraph {

    /** The version of the operator set. */
    public static final int OPSET = 13;

    private static final int IR_VERSION = 8;

    /** Element types of tensors. */
    public enum ElementType {
        /** 32-bit float. */
        FLOAT(TensorProto.DataType.FLOAT),
        /** Unsigned byte. */
        UINT8(TensorProto.DataType.UINT8),
        /** Signed byte. */
        INT8(TensorProto.DataType.INT8),
        /** 32-bit integer. */
        INT32(TensorProto.DataType.INT32),
        /** 64-bit integer. */
        INT64(TensorProto.DataType.INT64);

        private final TensorProto.DataType onnx;

        ElementType(TensorProto.DataType onnx) {
            this.onnx = onnx;
        }

        int number() {
            return onnx.getNumber();
        }
    }

    /** A tensor of one graph, by the name it has there. */
    public static final class Value {
        private final OnnxGraph graph;
        private final String name;

        private Value(OnnxGraph graph, String name) {
            this.graph = graph;
            this.name = name;
        }

        /** Its name in the graph. */
        public String name() {
            return name;
        }
    }

    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private final Set<String> names = new HashSet<>();
    private final Set<String> reserved = new HashSet<>();

    /** An empty graph. */
    public OnnxGraph(String name) {
        graph.setName(name);
    }

    /** A name that nothing in the graph has yet, as close to the wish as possible. */
    private String unique(String wish) {
        String name = wish;
        for (int i = 2; !names.add(name); i++) {
            name = wish + "_" + i;
        }
        return name;
    }

    /** Declares an input of the graph with a batch of any size in front of {@code shape}. */
    public Value input(String name, ElementType type, List<Integer> shape) {
        Value value = new Value(this, unique(name));
        graph.addInput(info(value.name, type, shape));
        return value;
    }

    /** Keeps a name for {@link #output}; every other value that wishes for it gets another. */
    public void reserveOutput(String name) {
        if (!names.add(name)) {
            throw new IllegalArgumentException(
                    "OnnxGraph: the name '" + name + "' of an output is already in use");
        }
        reserved.add(name);
    }

    /**
     * Makes a value an output of the graph under a name that was reserved. A node is put between,
     * so that any value, even an input, can be one.
     */
    public void output(String name, Value value, ElementType type, List<Integer> shape) {
        if (!reserved.remove(name)) {
            throw new IllegalArgumentException(
                    "OnnxGraph: the name '" + name + "' of an output is not reserved");
        }
        graph.addNode(
                NodeProto.newBuilder()
                        .setOpType("Identity")
                        .setName(unique(name + "_out"))
                        .addInput(own(value).name)
                        .addOutput(name));
        graph.addOutput(info(name, type, shape));
    }

    private static ValueInfoProto info(String name, ElementType type, List<Integer> shape) {
        TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
        dims.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("batch"));
        for (int n : shape) {
            dims.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(n));
        }
        TypeProto.Tensor tensor =
                TypeProto.Tensor.newBuilder().setElemType(type.number()).setShape(dims).build();
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }

    private Value own(Value value) {
        Objects.requireNonNull(value, "OnnxGraph: a node needs all its inputs");
        if (value.graph != this) {
            throw new IllegalArgumentException(
                    "OnnxGraph: value '" + value.name + "' belongs to another graph");
        }
        return value;
    }

    /** A constant of floats; no dimensions make it a scalar. */
    public Value floats(String name, float[] elements, int... dims) {
        byte[] raw = new byte[Math.multiplyExact(elements.length, Float.BYTES)];
        littleEndian(raw).asFloatBuffer().put(elements);
        return constant(name, ElementType.FLOAT, raw, elements.length, dims);
    }

    /** A constant of 32-bit integers; no dimensions make it a scalar. */
    public Value ints(String name, int[] elements, int... dims) {
        byte[] raw = new byte[Math.multiplyExact(elements.length, Integer.BYTES)];
        littleEndian(raw).asIntBuffer().put(elements);
        return constant(name, ElementType.INT32, raw, elements.length, dims);
    }

    /** A constant of 64-bit integers; no dimensions make it a scalar. */
    public Value longs(String name, long[] elements, int... dims) {
        byte[] raw = new byte[Math.multiplyExact(elements.length, Long.BYTES)];
        littleEndian(raw).asLongBuffer().put(elements);
        return constant(name, ElementType.INT64, raw, elements.length, dims);
    }

    /** A constant of signed or unsigned bytes; no dimensions make it a scalar. */
    public Value bytes(String name, ElementType type, byte[] elements, int... dims) {
        if (type != ElementType.INT8 && type != ElementType.UINT8) {
            throw new IllegalArgumentException("OnnxGraph: " + type + " is not a type of bytes");
        }
        return constant(name, type, elements, elements.length, dims);
    }

    private static ByteBuffer littleEndian(byte[] raw) {
        return ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Value constant(String name, ElementType type, byte[] raw, int elements, int... dims) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setDataType(type.number());
        long expected = 1;
        for (int n : dims) {
            expected *= n;
            tensor.addDims(n);
        }
        if (expected != elements) {
            throw new IllegalArgumentException(
                    "OnnxGraph: constant '"
                            + name
                            + "' has "
                            + elements
                            + " elements, its dimensions "
                            + expected);
        }
        Value value = new Value(this, unique(name));
        graph.addInitializer(tensor.setName(value.name).setRawData(ByteString.copyFrom(raw)));
        return value;
    }

    /** Begins a node with one output. */
    public Node node(String opType, Value... inputs) {
        return new Node(this, opType, inputs);
    }

    /** A node under construction; {@link #as} puts it into the graph. */
    public static final class Node {
        private final OnnxGraph owner;
        private final NodeProto.Builder node;

        private Node(OnnxGraph owner, String opType, Value... inputs) {
            this.owner = owner;
            this.node = NodeProto.newBuilder().setOpType(opType);
            for (Value input : inputs) {
                node.addInput(owner.own(input).name);
            }
        }

        /** Sets an attribute that is an integer. */
        public Node with(String attribute, long value) {
            node.addAttribute(
                    AttributeProto.newBuilder()
                            .setName(attribute)
                            .setType(AttributeProto.AttributeType.INT)
                            .setI(value));
            return this;
        }

        /** Sets an attribute that is a float. */
        public Node with(String attribute, float value) {
            node.addAttribute(
                    AttributeProto.newBuilder()
                            .setName(attribute)
                            .setType(AttributeProto.AttributeType.FLOAT)
                            .setF(value));
            return this;
        }

        /** Sets an attribute that is a text. */
        public Node with(String attribute, String text) {
            node.addAttribute(
                    AttributeProto.newBuilder()
                            .setName(attribute)
                            .setType(AttributeProto.AttributeType.STRING)
                            .setS(ByteString.copyFromUtf8(text)));
            return this;
        }

        /** Sets an attribute that is a list of integers. */
        public Node with(String attribute, int[] values) {
            AttributeProto.Builder list =
                    AttributeProto.newBuilder()
                            .setName(attribute)
                            .setType(AttributeProto.AttributeType.INTS);
            for (int v : values) {
                list.addInts(v);
            }
            node.addAttribute(list);
            return this;
        }

        /** Adds the node; its output gets a free name close to {@code name}. */
        public Value as(String name) {
            Value value = new Value(owner, owner.unique(name));
            owner.graph.addNode(node.setName(value.name).addOutput(value.name));
            return value;
        }
    }

    /** The finished model. */
    public ModelProto model(String producer, Iterable<StringStringEntryProto> metadata) {
        return ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName(producer)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
                .setGraph(graph)
                .addAllMetadataProps(metadata)
                .build();
    }
}
