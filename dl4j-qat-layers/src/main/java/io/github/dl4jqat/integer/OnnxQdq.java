package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import onnx.Onnx.ModelProto;

/**
 * An {@link IntegerModel} as an ONNX graph in QDQ form: float operators between DequantizeLinear
 * and QuantizeLinear, which a runtime fuses into integer operators. Every form used here, except
 * those of a {@link FloatOp}, is one that ONNX Runtime computes exactly as {@link JavaEngine} does:
 *
 * <ul>
 *   <li>Convolution, over images or volumes, and dense layer: Conv and Gemm, fused to QLinearConv
 *       and QGemm, whose factor is {@code (float) (s_in * s_w / s_out)} like ours.
 *   <li>Average, global average and sum: a depthwise Conv with weights 1 and weight scale {@code 1f
 *       / n}. The operators for pooling round differently.
 *   <li>An average that leaves padding out of its divisor: the sums from ConvInteger, times a
 *       constant image of factors, rounded by QuantizeLinear with scale 1.
 *   <li>Sums, differences and products of tensors: on whole-numbered floats, rounded likewise; in
 *       {@link OrtEngine} by the runtime's own operator, where that was found to be exact.
 *   <li>Maximum and whatever moves elements: on bytes. An elementwise function: Gather from a
 *       table, with the channel's offset where each channel has its own.
 *   <li>An embedding: Gather from a table of bytes.
 *   <li>A recurrent layer: a Scan over time of MatMulInteger, tables and rounding.
 * </ul>
 *
 * A float island stays one, of float operators.
 *
 * <p>Activations are always unsigned bytes; a signed range is shifted up by 128, because unsigned
 * times signed is the form that processors multiply fast. A range narrower than a byte is held by a
 * Clip after QuantizeLinear.
 */
public final class OnnxQdq {

    /** What the graph begins and ends with. */
    public enum Ends {
        /** Float inputs and outputs: the whole network. */
        FLOATS,
        /**
         * Bytes in, bytes out: what lies between the first {@link Quantize} and the last {@link
         * Dequantize}. Indices of an {@link Embedding} are int64.
         */
        INTEGERS
    }

    private static final int[] CHANNELS_FIRST = {0, 3, 1, 2};

    private final OnnxGraph graph;
    private final QdqPieces pieces;
    private final Optional<QOperators> operators;
    private final QdqLinear linear;
    private final QdqStructure structure;
    private final QdqLookups lookups;
    private final QdqFloats floats;
    private final QdqRecurrent loops;
    private final Function<Combine, Optional<PairOperator>> pairs;
    private final Map<String, Value> values = new HashMap<>();

    private OnnxQdq(
            String name, OnnxOptions options, Function<Combine, Optional<PairOperator>> pairs) {
        this.pairs = pairs;
        this.graph = new OnnxGraph(name, options);
        this.pieces = new QdqPieces(graph);
        this.operators =
                options.form() == OnnxForm.QOPERATOR
                        ? Optional.of(new QOperators(graph, pieces))
                        : Optional.empty();
        this.linear = new QdqLinear(graph, pieces, operators);
        this.structure = new QdqStructure(graph, pieces);
        this.lookups = new QdqLookups(graph, pieces);
        this.floats = new QdqFloats(graph, pieces);
        this.loops = new QdqRecurrent(graph, pieces);
    }

    /**
     * The graph of a model as {@link OrtEngine} runs it. With {@link Ends#INTEGERS} its inputs have
     * the names of the tensors that Quantize writes and of the indices that Embedding reads, its
     * outputs those of the tensors that outputs of the model are made of and "/bytes".
     *
     * @throws UnsupportedOpException where {@link OnnxSupport#obstacles} names reasons
     */
    public static ModelProto of(IntegerModel model, Ends ends) {
        return of(model, ends, OnnxOptions.DEFAULT).build();
    }

    /**
     * The graph of a model, to which its producer and metadata may be added.
     *
     * @throws UnsupportedOpException where {@link OnnxSupport#obstacles} names reasons
     */
    public static ModelProto.Builder of(IntegerModel model, Ends ends, OnnxOptions options) {
        List<String> obstacles = OnnxSupport.obstacles(model);
        if (!obstacles.isEmpty()) {
            throw new UnsupportedOpException("ONNX", obstacles);
        }
        OnnxQdq qdq = new OnnxQdq(nameOf(model), options, op -> Optional.empty());
        if (ends == Ends.FLOATS) {
            qdq.withFloats(model);
        } else {
            qdq.withIntegers(new ModelEnds(model), List.of());
        }
        return qdq.graph.model();
    }

    private static String nameOf(IntegerModel model) {
        return model.metadata().getOrDefault("name", "integer");
    }

    /**
     * The graph between the ends of a model as it runs here, with what only suits this machine.
     *
     * @param patches inputs that are fed as patches, {@code [rows, columns, bytes of a patch]}
     * @param pairs the operator that is exact here for an operation on two tensors, if there is one
     */
    static ModelProto forHere(
            IntegerModel model,
            List<InputPatches> patches,
            Function<Combine, Optional<PairOperator>> pairs) {
        List<String> obstacles = OnnxSupport.obstacles(model);
        if (!obstacles.isEmpty()) {
            throw new UnsupportedOpException("ONNX", obstacles);
        }
        OnnxQdq qdq = new OnnxQdq(nameOf(model), OnnxOptions.DEFAULT, pairs);
        qdq.withIntegers(new ModelEnds(model), patches);
        return qdq.graph.model().build();
    }

    /** Inputs and outputs keep their names, so they come before any other name is made. */
    private void withFloats(IntegerModel model) {
        for (TensorType x : model.inputs()) {
            values.put(x.name(), graph.input(x.name(), ElementType.FLOAT, x.shape()));
        }
        model.outputs().forEach(y -> graph.reserveOutput(y.name()));
        for (IntegerOp op : model.ops()) {
            if (op instanceof Embedding embedding) {
                Value x = values.get(embedding.input().name());
                values.put(op.output().name(), lookups.embedding(embedding, lookups.whole(x)));
            } else {
                add(op);
            }
        }
        for (TensorType y : model.outputs()) {
            graph.output(y.name(), values.get(y.name()), ElementType.FLOAT, y.shape());
        }
    }

    private void withIntegers(ModelEnds model, List<InputPatches> patches) {
        Map<String, InputPatches> gathered = new HashMap<>();
        patches.forEach(p -> gathered.put(p.begin().name(), p));
        Map<String, Value> starts = new HashMap<>();
        for (IntegerOp op : model.begins()) {
            TensorType in = op.inputs().get(0);
            TensorType q = op.output();
            if (op instanceof Embedding) {
                starts.computeIfAbsent(
                        in.name(), name -> graph.input(name, ElementType.INT64, in.shape()));
            } else {
                InputPatches p = gathered.get(q.name());
                List<Integer> shape = p == null ? q.shape() : p.shape();
                starts.put(q.name(), graph.input(q.name(), ElementType.UINT8, shape));
            }
        }
        model.ends().values().forEach(q -> graph.reserveOutput(outputName(q)));
        for (IntegerOp op : model.begins()) {
            String name = op.output().name();
            if (op instanceof Embedding embedding) {
                Value x = starts.get(embedding.input().name());
                values.put(name, lookups.embedding(embedding, x));
            } else if (!gathered.containsKey(name)) {
                values.put(name, starts.get(name));
            } else {
                OnnxGraph.Node node = graph.node("Transpose", starts.get(name));
                values.put(
                        gathered.get(name).convolution().input().name(),
                        node.with("perm", CHANNELS_FIRST).as(name + "/patches"));
            }
        }
        for (IntegerOp op : model.core()) {
            patches.stream()
                    .filter(p -> p.replaces(op))
                    .findFirst()
                    .ifPresentOrElse(
                            p -> {
                                if (p.isConvolution(op)) {
                                    add(p.convolution());
                                }
                            },
                            () -> add(op));
        }
        for (TensorType q : model.ends().values()) {
            graph.output(outputName(q), values.get(q.name()), ElementType.UINT8, q.shape());
        }
    }

    /** The graph's name for the output that carries a tensor of integers. */
    static String outputName(TensorType tensor) {
        return tensor.name() + "/bytes";
    }

    private void add(IntegerOp op) {
        if (op instanceof Quantize quantize) {
            quantize(quantize);
        } else if (op instanceof Dequantize dequantize) {
            dequantize(dequantize);
        } else if (op instanceof FloatOp floatOp) {
            List<Value> in = new ArrayList<>();
            op.inputs().forEach(t -> in.add(values.get(t.name())));
            values.put(op.output().name(), floats.of(floatOp, in));
        } else {
            List<Value> in = new ArrayList<>();
            op.inputs().forEach(t -> in.add(values.get(t.name())));
            values.put(op.output().name(), integers(op, in));
        }
    }

    private Value integers(IntegerOp op, List<Value> all) {
        Value in = all.get(0);
        if (op instanceof Conv2d conv) {
            return linear.conv(conv, in);
        } else if (op instanceof Conv3d conv) {
            return linear.conv(conv, in);
        } else if (op instanceof Dense dense) {
            return linear.dense(dense, in);
        } else if (op instanceof MaxPool2d maxPool) {
            return QdqPieces.windowed(graph.node("MaxPool", in), maxPool.window())
                    .as(op.output().name());
        } else if (op instanceof AveragePool2d averagePool) {
            return linear.average(averagePool, in);
        } else if (op instanceof GlobalPool globalPool) {
            return linear.global(globalPool, in);
        } else if (op instanceof Lookup lookup) {
            return lookups.lookup(lookup, in);
        } else if (op instanceof Reshape) {
            return pieces.reshape(in, op.output());
        } else if (op instanceof Transpose transpose) {
            List<Integer> order = transpose.permutation();
            int[] axes = new int[order.size() + 1];
            for (int i = 1; i < axes.length; i++) {
                axes[i] = order.get(i - 1) + 1;
            }
            return graph.node("Transpose", in).with("perm", axes).as(op.output().name());
        } else if (op instanceof Combine combine) {
            return combined(combine, all);
        } else if (op instanceof Concat concat) {
            return structure.concat(concat, all);
        } else if (op instanceof Slice slice) {
            return structure.slice(slice, in);
        } else if (op instanceof Pad pad) {
            return structure.pad(pad, in);
        } else if (op instanceof Upsample upsample) {
            return structure.upsample(upsample, in);
        } else if (op instanceof Spread spread) {
            return structure.spread(spread, in);
        } else if (op instanceof Reverse reverse) {
            return structure.reverse(reverse, in);
        } else if (op instanceof Recurrent recurrent) {
            return loops.sequence(recurrent, in);
        }
        throw new IllegalArgumentException("OnnxQdq: " + op + " has no ONNX form");
    }

    private Value combined(Combine op, List<Value> in) {
        Optional<PairOperator> pair = pairs.apply(op);
        if (pair.isPresent()) {
            OnnxGraph.Node node = pair.get().node(graph, op.output().name(), in.get(0), in.get(1));
            return pieces.clamped(node, op.output(), op.low(), op.high());
        }
        return operators.isPresent() && QOperators.has(op)
                ? operators.get().combine(op, in)
                : structure.combine(op, in);
    }

    private void quantize(Quantize op) {
        QuantParams params = op.output().params();
        Value real = values.get(op.input().name());
        int low = params.spec().qMin();
        int high = params.spec().qMax();
        values.put(
                op.output().name(), pieces.quantized(real, op.output(), params.scale(), low, high));
    }

    private void dequantize(Dequantize op) {
        Value q = values.get(op.input().name());
        String name = op.output().name() + "/values";
        Value y;
        if (isLinear(op)) {
            y = pieces.dequantized(q, op.input());
        } else {
            float[] table = new float[QdqPieces.BYTE_MAX + 1];
            int first = op.input().params().spec().qMin() + QdqPieces.shift(op.input().params());
            System.arraycopy(op.values(), 0, table, first, op.values().length);
            y = pieces.gather(q, graph.floats(name + "_table", table, table.length), name);
        }
        if (op.softmax()) {
            y = graph.node("Softmax", y).with("axis", 1).as(name + "_softmax");
        }
        values.put(op.output().name(), y);
    }

    private static boolean isLinear(Dequantize op) {
        float[] values = op.values();
        int qMin = op.input().params().spec().qMin();
        for (int i = 0; i < values.length; i++) {
            if (values[i] != op.input().params().dequantize(qMin + i, 0)) {
                return false;
            }
        }
        return true;
    }
}
