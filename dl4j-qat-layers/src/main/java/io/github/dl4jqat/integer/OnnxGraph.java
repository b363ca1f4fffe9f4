package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.shade.protobuf.ByteString;

/**
 * An ONNX graph under construction that is well-formed at every step: values are {@link Value}
 * handles given out by the graph, so a node cannot read what is not there yet, and names are made
 * unique here, so none is written twice. A graph inside a node, its {@link #body}, may read what
 * the graph around it has, and shares its names.
 *
 * <p>Not thread-safe.
 */
public final class OnnxGraph {

    /** The domain of ONNX Runtime's own operators. */
    static final String RUNTIME_DOMAIN = "com.microsoft";

    /** Element types of tensors. */
    public enum ElementType {
        /** 32-bit float. */
        FLOAT(1, 32),
        /** Unsigned byte. */
        UINT8(2, 8),
        /** Signed byte. */
        INT8(3, 8),
        /** 32-bit integer. */
        INT32(6, 32),
        /** 64-bit integer. */
        INT64(7, 64),
        /** Two signed integers in a byte. */
        INT4(22, 4),
        /** Four signed integers in a byte. */
        INT2(26, 2);

        private final int number;
        private final int bits;

        ElementType(int number, int bits) {
            this.number = number;
            this.bits = bits;
        }

        int number() {
            return number;
        }

        int bits() {
            return bits;
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
    private final Set<String> reserved = new HashSet<>();
    private final OnnxOptions options;
    private final OnnxGraph around;
    private final Set<String> names;
    private final Set<String> domains;

    /** An empty graph of the default versions. */
    public OnnxGraph(String name) {
        this(name, OnnxOptions.DEFAULT);
    }

    /** An empty graph. */
    public OnnxGraph(String name, OnnxOptions options) {
        this(name, options, null, new HashSet<>(), new TreeSet<>(Set.of("")));
    }

    private OnnxGraph(
            String name,
            OnnxOptions options,
            OnnxGraph around,
            Set<String> names,
            Set<String> domains) {
        this.graph.setName(name);
        this.options = options;
        this.around = around;
        this.names = names;
        this.domains = domains;
    }

    /** An empty graph to put into a node of this one. */
    OnnxGraph body(String name) {
        return new OnnxGraph(name, options, this, names, domains);
    }

    /** How the graph is to be written. */
    OnnxOptions options() {
        return options;
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
        OnnxGraph home = this;
        while (home != null && home != value.graph) {
            home = home.around;
        }
        if (home == null) {
            throw new IllegalArgumentException(
                    "OnnxGraph: value '" + value.name + "' belongs to another graph");
        }
        return value;
    }

    /** A constant of floats; no dimensions make it a scalar. */
    public Value floats(String name, float[] elements, int... dims) {
        return constant(name, OnnxConstants.floats(elements, dims));
    }

    /** A constant of 32-bit integers; no dimensions make it a scalar. */
    public Value ints(String name, int[] elements, int... dims) {
        return constant(name, OnnxConstants.ints(elements, dims));
    }

    /** A constant of 64-bit integers; no dimensions make it a scalar. */
    public Value longs(String name, long[] elements, int... dims) {
        return constant(name, OnnxConstants.longs(elements, dims));
    }

    /** A constant of signed or unsigned bytes; no dimensions make it a scalar. */
    public Value bytes(String name, ElementType type, byte[] elements, int... dims) {
        return constant(name, OnnxConstants.bytes(type, elements, dims));
    }

    /** A constant of integers that share bytes. */
    Value packed(String name, ElementType type, byte[] elements, int... dims) {
        return constant(name, OnnxConstants.packed(type, elements, dims));
    }

    private Value constant(String name, TensorProto.Builder tensor) {
        Value value = new Value(this, unique(name));
        graph.addInitializer(tensor.setName(value.name));
        return value;
    }

    /** Begins a node. */
    public Node node(String opType, Value... inputs) {
        return new Node(this, opType, inputs);
    }

    /** Begins a node with one of ONNX Runtime's own operators. */
    Node runtimeNode(String opType, Value... inputs) {
        domains.add(RUNTIME_DOMAIN);
        Node node = new Node(this, opType, inputs);
        node.proto.setDomain(RUNTIME_DOMAIN);
        return node;
    }

    /** A node under construction; {@link #as} puts it into the graph. */
    public static final class Node {
        private final OnnxGraph owner;
        private final NodeProto.Builder proto;

        private Node(OnnxGraph owner, String opType, Value... inputs) {
            this.owner = owner;
            this.proto = NodeProto.newBuilder().setOpType(opType);
            for (Value input : inputs) {
                proto.addInput(owner.own(input).name);
            }
        }

        private AttributeProto.Builder attribute(String name, AttributeProto.AttributeType type) {
            return proto.addAttributeBuilder().setName(name).setType(type);
        }

        /** Sets an attribute that is an integer. */
        public Node with(String attribute, long value) {
            attribute(attribute, AttributeProto.AttributeType.INT).setI(value);
            return this;
        }

        /** Sets an attribute that is a float. */
        public Node with(String attribute, float value) {
            attribute(attribute, AttributeProto.AttributeType.FLOAT).setF(value);
            return this;
        }

        /** Sets an attribute that is a text. */
        public Node with(String attribute, String text) {
            attribute(attribute, AttributeProto.AttributeType.STRING)
                    .setS(ByteString.copyFromUtf8(text));
            return this;
        }

        /** Sets an attribute that is a list of integers. */
        public Node with(String attribute, int[] values) {
            AttributeProto.Builder list = attribute(attribute, AttributeProto.AttributeType.INTS);
            for (int v : values) {
                list.addInts(v);
            }
            return this;
        }

        /** Sets an attribute that is a graph, which must be a finished body of the node's graph. */
        Node with(String attribute, OnnxGraph body) {
            if (body.around != owner || !body.reserved.isEmpty()) {
                throw new IllegalArgumentException(
                        "OnnxGraph: '"
                                + body.graph.getName()
                                + "' is no finished body of a node here; outputs missing: "
                                + body.reserved);
            }
            attribute(attribute, AttributeProto.AttributeType.GRAPH).setG(body.graph);
            return this;
        }

        /** Adds the node; its output gets a free name close to {@code name}. */
        public Value as(String name) {
            return as(List.of(name)).get(0);
        }

        /** Adds the node; its outputs get free names close to {@code wishes}. */
        List<Value> as(List<String> wishes) {
            List<Value> values = new ArrayList<>();
            for (String wish : wishes) {
                Value value = new Value(owner, owner.unique(wish));
                values.add(value);
                proto.addOutput(value.name);
            }
            owner.graph.addNode(proto.setName(values.get(0).name));
            return values;
        }
    }

    /** The finished model, to which its producer may be added. */
    public ModelProto.Builder model() {
        ModelProto.Builder model =
                ModelProto.newBuilder().setIrVersion(options.irVersion()).setGraph(graph);
        for (String domain : domains) {
            int version = domain.isEmpty() ? options.opset() : 1;
            model.addOpsetImport(
                    OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version));
        }
        return model;
    }
}
