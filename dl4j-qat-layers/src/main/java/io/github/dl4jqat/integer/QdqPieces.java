package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;

/** The pieces that {@link OnnxQdq} puts together: scales, roundings, clips, constants. */
final class QdqPieces {

    static final int BYTE_MAX = 255;

    private static final int SIGNED_SHIFT = 128;

    private final OnnxGraph graph;

    QdqPieces(OnnxGraph graph) {
        this.graph = graph;
    }

    /** What is added to an integer of a tensor to make it an unsigned byte. */
    static int shift(QuantParams params) {
        return params.spec().signed() ? SIGNED_SHIFT : 0;
    }

    /** Scale and zero point of weights, scalars or one for each output channel. */
    record Grid(Value scale, Value zero) {}

    Value weights(String name, Weights weights) {
        Value q = integers(name + "/w", weights);
        return perChannel(name + "/w", q, grid(name, weights), weights);
    }

    /** The weights' own integers, as bytes. */
    Value integers(String name, Weights weights) {
        return integers(name, weights.values(), weights.params().spec(), ints(weights.shape()));
    }

    /**
     * Signed integers as bytes. Packed ones become bytes before anything computes with them: a
     * runtime does that when it loads the model, and fuses what follows as it would for bytes.
     */
    Value integers(String name, int[] values, QuantSpec spec, int... dims) {
        ElementType type = storage(spec);
        if (type == ElementType.INT8) {
            return graph.bytes(name, type, bytes(values), dims);
        }
        Value packed = graph.packed(name + "_packed", type, bytes(values), dims);
        return graph.node("Cast", packed).with("to", ElementType.INT8.number()).as(name);
    }

    private ElementType storage(QuantSpec spec) {
        OnnxOptions options = graph.options();
        if (options.packedWeights() && fits(spec, ElementType.INT2)) {
            return options.opset() >= OnnxOptions.INT2_OPSET ? ElementType.INT2 : ElementType.INT4;
        }
        return options.packedWeights() && fits(spec, ElementType.INT4)
                ? ElementType.INT4
                : ElementType.INT8;
    }

    private static boolean fits(QuantSpec spec, ElementType type) {
        int ends = 1 << (type.bits() - 1);
        return spec.qMin() >= -ends && spec.qMax() < ends;
    }

    /** What the weights' integers mean. */
    Grid grid(String name, Weights weights) {
        float[] scales = weights.params().scales();
        int[] dims = dims(weights);
        byte[] zeros = new byte[scales.length];
        return new Grid(
                graph.floats(name + "/w_scale", scales, dims),
                graph.bytes(name + "/w_zero", ElementType.INT8, zeros, dims));
    }

    private static int[] dims(Weights weights) {
        int scales = weights.params().size();
        return scales > 1 ? new int[] {scales} : new int[0];
    }

    Value bias(String name, Weights weights, TensorType input) {
        float[] scales = weights.params().scales();
        for (int c = 0; c < scales.length; c++) {
            scales[c] = Requantizer.accumulatorScale(input.params().scale(), scales[c]);
        }
        int[] dims = dims(weights);
        Value scale = graph.floats(name + "/b_scale", scales, dims);
        Value zero = graph.ints(name + "/b_zero", new int[scales.length], dims);
        return perChannel(name + "/b", biasIntegers(name, weights), new Grid(scale, zero), weights);
    }

    Value biasIntegers(String name, Weights weights) {
        return graph.ints(name + "/b", weights.biases(), weights.channels());
    }

    private Value perChannel(String name, Value q, Grid grid, Weights weights) {
        OnnxGraph.Node node = graph.node("DequantizeLinear", q, grid.scale, grid.zero);
        return (weights.params().size() > 1 ? node.with("axis", 0) : node).as(name + "_real");
    }

    static OnnxGraph.Node windowed(OnnxGraph.Node node, Window2d w) {
        return node.with("kernel_shape", new int[] {w.kernelH(), w.kernelW()})
                .with("strides", new int[] {w.strideH(), w.strideW()})
                .with("dilations", new int[] {w.dilationH(), w.dilationW()})
                .with("pads", new int[] {w.padTop(), w.padLeft(), w.padBottom(), w.padRight()});
    }

    static OnnxGraph.Node windowed(OnnxGraph.Node node, Window3d w) {
        int[] pads = new int[2 * w.kernel().size()];
        for (int axis = 0; axis < w.kernel().size(); axis++) {
            pads[axis] = w.padBefore().get(axis);
            pads[w.kernel().size() + axis] = w.padAfter().get(axis);
        }
        return node.with("kernel_shape", ints(w.kernel()))
                .with("strides", ints(w.stride()))
                .with("dilations", ints(w.dilation()))
                .with("pads", pads);
    }

    private static int[] ints(List<Integer> numbers) {
        return numbers.stream().mapToInt(Integer::intValue).toArray();
    }

    static Weights ones(int channels, Window2d window, float scale) {
        return Weights.ones(channels, List.of(window.kernelH(), window.kernelW()), scale);
    }

    Value gather(Value q, Value table, String name) {
        Value index =
                graph.node("Cast", q).with("to", ElementType.INT32.number()).as(name + "/index");
        return graph.node("Gather", table, index).with("axis", 0).as(name);
    }

    Value reshape(Value in, TensorType output) {
        long[] shape = new long[output.rank() + 1];
        for (int i = 1; i < shape.length; i++) {
            shape[i] = output.size(i - 1);
        }
        // A 0 in front copies the batch.
        Value to = graph.longs(output.name() + "/shape", shape, shape.length);
        return graph.node("Reshape", in, to).as(output.name());
    }

    Value scale(TensorType tensor, float scale) {
        return graph.floats(tensor.name() + "/scale", new float[] {scale});
    }

    Value zeroPoint(TensorType tensor) {
        int zero = tensor.params().zeroPoint() + shift(tensor.params());
        return graph.bytes(tensor.name() + "/zero", ElementType.UINT8, new byte[] {(byte) zero});
    }

    Value dequantized(Value q, TensorType tensor) {
        Value scale = scale(tensor, tensor.params().scale());
        return graph.node("DequantizeLinear", q, scale, zeroPoint(tensor))
                .as(tensor.name() + "/real");
    }

    /** A tensor's integers from reals, rounded and clamped, under the tensor's name. */
    Value quantized(Value real, TensorType tensor, float scale, int low, int high) {
        return clamped(
                graph.node("QuantizeLinear", real, scale(tensor, scale), zeroPoint(tensor)),
                tensor,
                low,
                high);
    }

    /** The bytes that a node makes, clamped where their range is narrower than a byte. */
    Value clamped(OnnxGraph.Node node, TensorType tensor, int low, int high) {
        int shift = shift(tensor.params());
        if (low + shift <= 0 && high + shift >= BYTE_MAX) {
            return node.as(tensor.name());
        }
        Value q = node.as(tensor.name() + "/rounded");
        Value min = bound(tensor, "/low", low + shift);
        return graph.node("Clip", q, min, bound(tensor, "/high", high + shift)).as(tensor.name());
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
