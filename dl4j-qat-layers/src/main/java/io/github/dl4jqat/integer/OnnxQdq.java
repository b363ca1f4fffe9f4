package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import onnx.Onnx.ModelProto;
import onnx.Onnx.StringStringEntryProto;

/**
 * An {@link IntegerModel} as an ONNX graph in QDQ form: float operators between DequantizeLinear
 * and QuantizeLinear, which a runtime fuses into integer operators. Every form used here is one
 * that ONNX Runtime computes exactly as {@link JavaEngine} does:
 *
 * <ul>
 *   <li>Convolution and dense layer: Conv and Gemm, fused to QLinearConv and QGemm, whose factor is
 *       {@code (float) (s_in * s_w / s_out)} like ours.
 *   <li>Average, global average and sum: a depthwise Conv with weights 1 and weight scale {@code 1f
 *       / n}. The operators for pooling round differently.
 *   <li>An average that leaves padding out of its divisor: the sums from ConvInteger, times a
 *       constant image of factors, rounded by QuantizeLinear with scale 1.
 *   <li>Maximum, reshape, transpose: on bytes. An elementwise function: Gather from a table.
 * </ul>
 *
 * Activations are always unsigned bytes; a signed range is shifted up by 128, because unsigned
 * times signed is the form that processors multiply fast. A range narrower than a byte is held by a
 * Clip after QuantizeLinear.
 */
public final class OnnxQdq {

    /** What the graph begins and ends with. */
    public enum Ends {
        /** Float inputs and outputs: the whole network. */
        FLOATS,
        /** Bytes in, bytes out: what lies between {@link Quantize} and {@link Dequantize}. */
        INTEGERS
    }

    private static final String PRODUCER = "dl4j-qat";
    private static final int SIGNED_SHIFT = 128;
    private static final int BYTE_MAX = 255;

    private final OnnxGraph graph;
    private final Ends ends;
    private final Map<String, Value> values = new HashMap<>();

    private OnnxQdq(String name, Ends ends) {
        this.graph = new OnnxGraph(name);
        this.ends = ends;
    }

    /**
     * The graph of a model. With {@link Ends#INTEGERS} its inputs have the names of the tensors
     * that Quantize writes, its outputs those that Dequantize reads with {@link #outputName}.
     *
     * @throws UnsupportedOperationException where {@link OnnxSupport#obstacle} names a reason
     */
    public static ModelProto of(IntegerModel model, Ends ends) {
        OnnxSupport.obstacle(model)
                .ifPresent(
                        reason -> {
                            throw new UnsupportedOperationException(reason);
                        });
        OnnxQdq qdq = new OnnxQdq(model.metadata().getOrDefault("name", "integer"), ends);
        if (ends == Ends.FLOATS) {
            for (TensorType input : model.inputs()) {
                qdq.values.put(
                        input.name(),
                        qdq.graph.input(input.name(), ElementType.FLOAT, input.shape()));
            }
        }
        // Inputs and outputs keep their names, so they are declared before any other name is made.
        for (IntegerOp op : model.ops()) {
            if (op instanceof Quantize && ends == Ends.INTEGERS) {
                TensorType q = op.output();
                qdq.values.put(q.name(), qdq.graph.input(q.name(), ElementType.UINT8, q.shape()));
            }
        }
        model.ops().forEach(qdq::add);
        if (ends == Ends.FLOATS) {
            for (TensorType output : model.outputs()) {
                qdq.graph.output(
                        output.name(),
                        qdq.values.get(output.name()),
                        ElementType.FLOAT,
                        output.shape());
            }
        }
        List<StringStringEntryProto> metadata = new ArrayList<>();
        model.metadata()
                .forEach(
                        (key, value) ->
                                metadata.add(
                                        StringStringEntryProto.newBuilder()
                                                .setKey(key)
                                                .setValue(value)
                                                .build()));
        return qdq.graph.model(PRODUCER, metadata);
    }

    /** The graph's name for the output that carries a tensor of integers. */
    static String outputName(TensorType tensor) {
        return tensor.name() + "/bytes";
    }

    /** What is added to an integer of a tensor to make it an unsigned byte. */
    static int shift(QuantParams params) {
        return params.spec().signed() ? SIGNED_SHIFT : 0;
    }

    private void add(IntegerOp op) {
        if (op instanceof Quantize quantize) {
            quantize(quantize);
        } else if (op instanceof Dequantize dequantize) {
            dequantize(dequantize);
        } else {
            Value in = values.get(op.inputs().get(0).name());
            values.put(op.output().name(), integers(op, in));
        }
    }

    private Value integers(IntegerOp op, Value in) {
        if (op instanceof Conv2d conv) {
            return conv(conv, in);
        } else if (op instanceof Dense dense) {
            return dense(dense, in);
        } else if (op instanceof MaxPool2d maxPool) {
            return windowed(graph.node("MaxPool", in), maxPool.window()).as(op.output().name());
        } else if (op instanceof AveragePool2d averagePool) {
            return average(averagePool, in);
        } else if (op instanceof GlobalPool globalPool) {
            return global(globalPool, in);
        } else if (op instanceof Lookup lookup) {
            return lookup(lookup, in);
        } else if (op instanceof Reshape) {
            return reshape(in, op.output());
        } else if (op instanceof Transpose transpose) {
            List<Integer> order = transpose.permutation();
            int[] axes = new int[order.size() + 1];
            for (int i = 1; i < axes.length; i++) {
                axes[i] = order.get(i - 1) + 1;
            }
            return graph.node("Transpose", in).with("perm", axes).as(op.output().name());
        }
        throw new IllegalArgumentException("OnnxQdq: " + op + " has no ONNX form");
    }

    private void quantize(Quantize op) {
        if (ends == Ends.INTEGERS) {
            return;
        }
        QuantParams params = op.output().params();
        Value q = rounded(values.get(op.input().name()), op.output(), params.scale());
        int low = params.spec().qMin();
        values.put(op.output().name(), clip(q, op.output(), low, params.spec().qMax()));
    }

    private void dequantize(Dequantize op) {
        Value q = values.get(op.input().name());
        if (ends == Ends.INTEGERS) {
            if (!values.containsKey(outputName(op.input()))) {
                graph.output(outputName(op.input()), q, ElementType.UINT8, op.input().shape());
                values.put(outputName(op.input()), q);
            }
            return;
        }
        String name = op.output().name() + "/values";
        Value y;
        if (isLinear(op)) {
            y = dequantized(q, op.input());
        } else {
            float[] table = new float[BYTE_MAX + 1];
            int first = op.input().params().spec().qMin() + shift(op.input().params());
            System.arraycopy(op.values(), 0, table, first, op.values().length);
            y = gather(q, graph.floats(name + "_table", table, table.length), name);
        }
        if (op.softmax()) {
            y = softmax(y, op, name);
        }
        values.put(op.output().name(), y);
    }

    /** The softmax is over all elements of an example, whatever its shape. */
    private Value softmax(Value y, Dequantize op, String name) {
        TensorType flat = TensorType.ofFloats(name, op.output().elements());
        Value p = graph.node("Softmax", reshape(y, flat)).with("axis", 1).as(name + "_softmax");
        return op.output().rank() == 1 ? p : reshape(p, op.output());
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

    private Value conv(Conv2d op, Value in) {
        return conv(
                op.output().name(),
                in,
                op.input(),
                op.weights(),
                op.window(),
                op.groups(),
                op.output(),
                op.low(),
                op.high());
    }

    private Value conv(
            String name,
            Value in,
            TensorType input,
            Weights weights,
            Window2d window,
            int groups,
            TensorType output,
            int low,
            int high) {
        OnnxGraph.Node node =
                graph.node(
                        "Conv",
                        dequantized(in, input),
                        weights(name, weights),
                        bias(name, weights, input));
        Value real = windowed(node, window).with("group", groups).as(name + "/real");
        return clip(rounded(real, output, output.params().scale()), output, low, high);
    }

    private Value dense(Dense op, Value in) {
        String name = op.output().name();
        Value real =
                graph.node(
                                "Gemm",
                                dequantized(in, op.input()),
                                weights(name, op.weights()),
                                bias(name, op.weights(), op.input()))
                        .with("transB", 1)
                        .as(name + "/real");
        Value q = rounded(real, op.output(), op.output().params().scale());
        return clip(q, op.output(), op.low(), op.high());
    }

    private Value weights(String name, Weights weights) {
        int[] dims = weights.shape().stream().mapToInt(Integer::intValue).toArray();
        Value q = graph.bytes(name + "/w", ElementType.INT8, bytes(weights.values()), dims);
        float[] scales = weights.params().scales();
        return perChannel(name + "/w", q, scales, weights.params().size() > 1, ElementType.INT8);
    }

    private Value bias(String name, Weights weights, TensorType input) {
        Value q = graph.ints(name + "/b", weights.biases(), weights.channels());
        float[] scales = weights.params().scales();
        for (int c = 0; c < scales.length; c++) {
            scales[c] = Requantizer.accumulatorScale(input.params().scale(), scales[c]);
        }
        return perChannel(name + "/b", q, scales, weights.params().size() > 1, ElementType.INT32);
    }

    private Value perChannel(
            String name, Value q, float[] scales, boolean vector, ElementType type) {
        int[] dims = vector ? new int[] {scales.length} : new int[0];
        Value scale = graph.floats(name + "_scale", scales, dims);
        Value zero =
                type == ElementType.INT8
                        ? graph.bytes(name + "_zero", type, new byte[scales.length], dims)
                        : graph.ints(name + "_zero", new int[scales.length], dims);
        OnnxGraph.Node node = graph.node("DequantizeLinear", q, scale, zero);
        return (vector ? node.with("axis", 0) : node).as(name + "_real");
    }

    private static OnnxGraph.Node windowed(OnnxGraph.Node node, Window2d w) {
        return node.with("kernel_shape", new int[] {w.kernelH(), w.kernelW()})
                .with("strides", new int[] {w.strideH(), w.strideW()})
                .with("dilations", new int[] {w.dilationH(), w.dilationW()})
                .with("pads", new int[] {w.padTop(), w.padLeft(), w.padBottom(), w.padRight()});
    }

    private Value average(AveragePool2d op, Value in) {
        int rows = op.output().size(1);
        int columns = op.output().size(2);
        int divisor = op.divisor(0, 0);
        boolean everywhereTheSame = true;
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
                everywhereTheSame &= op.divisor(y, x) == divisor;
            }
        }
        if (everywhereTheSame) {
            Weights ones = ones(op.input().size(0), op.window(), 1f / divisor);
            return conv(
                    op.output().name(),
                    in,
                    op.input(),
                    ones,
                    op.window(),
                    op.input().size(0),
                    op.output(),
                    op.low(),
                    op.high());
        }
        return averageOfReal(op, in);
    }

    private Value averageOfReal(AveragePool2d op, Value in) {
        String name = op.output().name();
        int channels = op.input().size(0);
        int rows = op.output().size(1);
        int columns = op.output().size(2);
        Requantizer requantizer = op.requantizer();
        float[] factors = new float[rows * columns];
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
                factors[y * columns + x] = requantizer.factor(op.divisor(y, x) - 1);
            }
        }
        byte[] ones = new byte[channels * op.window().area()];
        Arrays.fill(ones, (byte) 1);
        Value w =
                graph.bytes(
                        name + "/w",
                        ElementType.INT8,
                        ones,
                        channels,
                        1,
                        op.window().kernelH(),
                        op.window().kernelW());
        Value sum =
                windowed(graph.node("ConvInteger", in, w, zeroPoint(op.input())), op.window())
                        .with("group", channels)
                        .as(name + "/sum");
        Value real =
                graph.node("Cast", sum).with("to", ElementType.FLOAT.number()).as(name + "/cast");
        Value steps =
                graph.node("Mul", real, graph.floats(name + "/factors", factors, rows, columns))
                        .as(name + "/steps");
        return clip(rounded(steps, op.output(), 1f), op.output(), op.low(), op.high());
    }

    private static Weights ones(int channels, Window2d window, float scale) {
        int[] values = new int[channels * window.area()];
        Arrays.fill(values, 1);
        return Weights.of(
                QuantParams.of(Quantizers.int8PerTensor(), scale, 0),
                List.of(channels, 1, window.kernelH(), window.kernelW()),
                values,
                new int[channels]);
    }

    private Value global(GlobalPool op, Value in) {
        int height = op.input().size(1);
        int width = op.input().size(2);
        Window2d whole = Window2d.of(height, width);
        String name = op.output().name();
        if (op.kind() == GlobalPool.Kind.MAX) {
            return reshape(windowed(graph.node("MaxPool", in), whole).as(name), op.output());
        }
        Weights ones = ones(op.input().size(0), whole, op.weightScale());
        Value image =
                conv(
                        name,
                        in,
                        op.input(),
                        ones,
                        whole,
                        op.input().size(0),
                        op.output(),
                        op.low(),
                        op.high());
        return reshape(image, op.output());
    }

    private Value lookup(Lookup op, Value in) {
        byte[] table = new byte[BYTE_MAX + 1];
        int first = op.input().params().spec().qMin() + shift(op.input().params());
        int[] entries = op.table();
        for (int i = 0; i < entries.length; i++) {
            table[first + i] = (byte) (entries[i] + shift(op.output().params()));
        }
        String name = op.output().name();
        return gather(
                in, graph.bytes(name + "/table", ElementType.UINT8, table, table.length), name);
    }

    private Value gather(Value q, Value table, String name) {
        Value index =
                graph.node("Cast", q).with("to", ElementType.INT32.number()).as(name + "/index");
        return graph.node("Gather", table, index).with("axis", 0).as(name);
    }

    private Value reshape(Value in, TensorType output) {
        long[] shape = new long[output.rank() + 1];
        for (int i = 1; i < shape.length; i++) {
            shape[i] = output.size(i - 1);
        }
        // A 0 in front copies the batch.
        Value to = graph.longs(output.name() + "/shape", shape, shape.length);
        return graph.node("Reshape", in, to).as(output.name());
    }

    private Value scale(TensorType tensor, float scale) {
        return graph.floats(tensor.name() + "/scale", new float[] {scale});
    }

    private Value zeroPoint(TensorType tensor) {
        int zero = tensor.params().zeroPoint() + shift(tensor.params());
        return graph.bytes(tensor.name() + "/zero", ElementType.UINT8, new byte[] {(byte) zero});
    }

    private Value dequantized(Value q, TensorType tensor) {
        Value scale = scale(tensor, tensor.params().scale());
        return graph.node("DequantizeLinear", q, scale, zeroPoint(tensor))
                .as(tensor.name() + "/real");
    }

    private Value rounded(Value real, TensorType tensor, float scale) {
        return graph.node("QuantizeLinear", real, scale(tensor, scale), zeroPoint(tensor))
                .as(tensor.name());
    }

    private Value clip(Value q, TensorType tensor, int low, int high) {
        int shift = shift(tensor.params());
        if (low + shift <= 0 && high + shift >= BYTE_MAX) {
            return q;
        }
        Value min = bound(tensor, "/low", low + shift);
        return graph.node("Clip", q, min, bound(tensor, "/high", high + shift))
                .as(tensor.name() + "/clip");
    }

    private Value bound(TensorType tensor, String what, int value) {
        return graph.bytes(tensor.name() + what, ElementType.UINT8, new byte[] {(byte) value});
    }

    private static byte[] bytes(int[] values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
