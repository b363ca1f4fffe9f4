package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The operations of {@link OnnxQdq} that combine tensors or move their bytes about. What moves is
 * never more than bytes, so every form of it is exact. A sum is one of floats that are whole
 * numbers below 2^24, on any machine; DequantizeLinear in its place would let ONNX Runtime fuse it
 * to QLinearAdd, which adds the zero point before it rounds.
 */
final class QdqStructure {

    private final OnnxGraph graph;
    private final QdqPieces pieces;

    QdqStructure(OnnxGraph graph, QdqPieces pieces) {
        this.graph = graph;
        this.pieces = pieces;
    }

    Value combine(Combine op, List<Value> in) {
        String name = op.output().name();
        boolean product = op.kind() == Combine.Kind.PRODUCT;
        Value acc = null;
        int zero = 0;
        for (int k = 0; k < in.size(); k++) {
            int itsZero = zeroPoint(op.inputs().get(k));
            Value x = in.get(k);
            if (op.kind() != Combine.Kind.MAX) {
                x = graph.node("Cast", x).with("to", ElementType.FLOAT.number()).as(name + "/in");
            }
            if (product) {
                x = less(itsZero, x, name + "/in" + k);
            }
            zero += op.kind() == Combine.Kind.SUBTRACT && k > 0 ? -itsZero : itsZero;
            acc = k == 0 ? x : graph.node(operator(op.kind()), acc, x).as(name + "/acc");
        }
        if (op.kind() == Combine.Kind.MAX) {
            return acc;
        }
        // Bytes and their sums are exact as floats, so their zero points may go all at once.
        Value steps = product ? acc : less(zero, acc, name + "/steps");
        Value factor = graph.floats(name + "/factor", new float[] {op.requantizer().factor(0)});
        Value scaled = graph.node("Mul", steps, factor).as(name + "/scaled");
        return pieces.quantized(scaled, op.output(), 1f, op.low(), op.high());
    }

    private static int zeroPoint(TensorType tensor) {
        return tensor.params().zeroPoint() + QdqPieces.shift(tensor.params());
    }

    private Value less(int zero, Value x, String name) {
        if (zero == 0) {
            return x;
        }
        return graph.node("Sub", x, graph.floats(name + "_zero", new float[] {zero})).as(name);
    }

    private static String operator(Combine.Kind kind) {
        return switch (kind) {
            case SUM, AVERAGE -> "Add";
            case SUBTRACT -> "Sub";
            case PRODUCT -> "Mul";
            case MAX -> "Max";
        };
    }

    Value concat(Concat op, List<Value> in) {
        return graph.node("Concat", in.toArray(new Value[0]))
                .with("axis", op.axis() + 1)
                .as(op.output().name());
    }

    Value slice(Slice op, Value in) {
        int rank = op.input().rank();
        long[] starts = new long[rank];
        long[] ends = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            starts[axis] = op.begin().get(axis);
            ends[axis] = starts[axis] + op.output().size(axis);
        }
        return slice(op.output().name(), in, starts, ends, axes(rank));
    }

    private static long[] axes(int rank) {
        long[] axes = new long[rank];
        Arrays.setAll(axes, axis -> axis + 1);
        return axes;
    }

    private Value slice(String name, Value in, long[] starts, long[] ends, long[] axes) {
        return graph.node(
                        "Slice",
                        in,
                        graph.longs(name + "/starts", starts, starts.length),
                        graph.longs(name + "/ends", ends, ends.length),
                        graph.longs(name + "/axes", axes, axes.length))
                .as(name);
    }

    Value reverse(Reverse op, Value in) {
        String name = op.output().name();
        return graph.node(
                        "Slice",
                        in,
                        graph.longs(name + "/starts", new long[] {-1}, 1),
                        graph.longs(name + "/ends", new long[] {Long.MIN_VALUE}, 1),
                        graph.longs(name + "/axes", new long[] {op.axis() + 1L}, 1),
                        graph.longs(name + "/steps", new long[] {-1}, 1))
                .as(name);
    }

    Value pad(Pad op, Value in) {
        int rank = op.input().rank();
        long[] pads = new long[2 * (rank + 1)];
        for (int axis = 0; axis < rank; axis++) {
            pads[axis + 1] = op.before().get(axis);
            pads[rank + 1 + axis + 1] = op.after().get(axis);
        }
        return pad(op.output(), in, pads, op.output().name());
    }

    private Value pad(TensorType output, Value in, long[] pads, String name) {
        Value counts = graph.longs(output.name() + "/pads", pads, pads.length);
        return graph.node("Pad", in, counts, pieces.zeroPoint(output)).as(name);
    }

    Value upsample(Upsample op, Value in) {
        String name = op.output().name();
        float[] scales = new float[op.input().rank() + 1];
        scales[0] = 1;
        for (int axis = 1; axis < scales.length; axis++) {
            scales[axis] = op.repeats().get(axis - 1);
        }
        Value noRegion = graph.floats(name + "/roi", new float[0], 0);
        Value factors = graph.floats(name + "/repeats", scales, scales.length);
        return graph.node("Resize", in, noRegion, factors)
                .with("mode", "nearest")
                .with("nearest_mode", "floor")
                .with("coordinate_transformation_mode", "asymmetric")
                .as(name);
    }

    /**
     * Each axis to be spread gets one of size 1 behind it, which is padded to the step; the two
     * make one long axis again, and the zeros after the last element are cut off.
     */
    Value spread(Spread op, Value in) {
        String name = op.output().name();
        List<Long> split = new ArrayList<>(List.of(0L));
        List<Long> after = new ArrayList<>(List.of(0L));
        List<Long> joined = new ArrayList<>(List.of(0L));
        int rank = op.input().rank();
        for (int axis = 0; axis < rank; axis++) {
            long size = op.input().size(axis);
            // One element has none to be kept apart from, whatever the step.
            long step = size == 1 ? 1 : op.steps().get(axis);
            split.add(size);
            after.add(0L);
            if (step > 1) {
                split.add(1L);
                after.add(step - 1);
            }
            joined.add(size * step);
        }
        long[] pads = new long[2 * after.size()];
        for (int i = 0; i < after.size(); i++) {
            pads[after.size() + i] = after.get(i);
        }
        Value apart = pad(op.output(), reshape(name + "/split", in, split), pads, name + "/apart");
        Value whole = reshape(name + "/joined", apart, joined);
        long[] ends = op.output().shape().stream().mapToLong(n -> n).toArray();
        return slice(name, whole, new long[rank], ends, axes(rank));
    }

    private Value reshape(String name, Value in, List<Long> shape) {
        long[] sizes = shape.stream().mapToLong(n -> n).toArray();
        return graph.node("Reshape", in, graph.longs(name + "_shape", sizes, sizes.length))
                .as(name);
    }
}
