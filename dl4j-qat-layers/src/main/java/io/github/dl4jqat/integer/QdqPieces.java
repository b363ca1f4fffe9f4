package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.quant.QuantParams;
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

    Value weights(String name, Weights weights) {
        int[] dims = ints(weights.shape());
        Value q = graph.bytes(name + "/w", ElementType.INT8, bytes(weights.values()), dims);
        float[] scales = weights.params().scales();
        return perChannel(name + "/w", q, scales, weights.params().size() > 1, ElementType.INT8);
    }

    Value bias(String name, Weights weights, TensorType input) {
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

    private Value scale(TensorType tensor, float scale) {
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

    Value rounded(Value real, TensorType tensor, float scale) {
        return graph.node("QuantizeLinear", real, scale(tensor, scale), zeroPoint(tensor))
                .as(tensor.name());
    }

    Value clip(Value q, TensorType tensor, int low, int high) {
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
