package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Optional;

/**
 * ONNX Runtime's operator for a sum, difference, mean or product of two tensors, in one pass over
 * their bytes:
 *
 * <pre>
 *   QLinearAdd  y = saturate(round((a - zeroA) * scaleA / scaleY + (b - zeroB) * scaleB / scaleY + zeroY))
 *   QLinearMul  y = saturate(round((a - zeroA) * (b - zeroB) * scaleA * scaleB / scaleY + zeroY))
 * </pre>
 *
 * in float arithmetic, in an order that depends on the processor. {@link Combine} scales a whole
 * number once and adds the zero point after rounding. The two differ where a sum lies within the
 * last bits of a tie, which few grids have; {@link OrtPairCheck} tells which.
 *
 * @param type QLinearAdd or QLinearMul
 * @param a what the bytes of the first tensor mean
 * @param b what those of the second one mean; a difference has a negative scale here
 * @param y what those of the result mean
 */
record PairOperator(String type, Grid a, Grid b, Grid y) {

    static final String ADD = "QLinearAdd";
    static final String MULTIPLY = "QLinearMul";

    private static final int BYTES = 256;

    /**
     * A grid as the operator is told of it.
     *
     * @param scale of one step
     * @param zero unsigned byte that stands for zero
     */
    record Grid(float scale, int zero) {}

    /** The operator for two tensors of one shape; empty for any other operation. */
    static Optional<PairOperator> of(Combine op) {
        if (op.kind() == Combine.Kind.MAX || op.inputs().size() != 2) {
            return Optional.empty();
        }
        TensorType first = op.inputs().get(0);
        TensorType second = op.inputs().get(1);
        if (!first.shape().equals(second.shape())) {
            return Optional.empty();
        }
        // The quotient of the scales of a and y is the factor of the definition, to the last bit.
        float each =
                op.kind() == Combine.Kind.AVERAGE
                        ? first.params().scale() * op.weightScale()
                        : first.params().scale();
        float other =
                switch (op.kind()) {
                    case PRODUCT -> second.params().scale();
                    case SUBTRACT -> -each;
                    default -> each;
                };
        return Optional.of(
                new PairOperator(
                        op.kind() == Combine.Kind.PRODUCT ? MULTIPLY : ADD,
                        new Grid(each, zero(first)),
                        new Grid(other, zero(second)),
                        new Grid(op.output().params().scale(), zero(op.output()))));
    }

    private static int zero(TensorType tensor) {
        return tensor.params().zeroPoint() + QdqPieces.shift(tensor.params());
    }

    /** The node, before any clamp that is tighter than a byte. */
    OnnxGraph.Node node(OnnxGraph graph, String name, Value first, Value second) {
        return graph.runtimeNode(
                type,
                first,
                scale(graph, a, name + "/a"),
                zero(graph, a, name + "/a"),
                second,
                scale(graph, b, name + "/b"),
                zero(graph, b, name + "/b"),
                scale(graph, y, name + "/y"),
                zero(graph, y, name + "/y"));
    }

    private static Value scale(OnnxGraph graph, Grid grid, String name) {
        return graph.floats(name + "_scale", new float[] {grid.scale});
    }

    private static Value zero(OnnxGraph graph, Grid grid, String name) {
        return graph.bytes(name + "_zero", ElementType.UINT8, new byte[] {(byte) grid.zero});
    }

    /**
     * The bytes that are defined for each pair of bytes, at {@code 256 * first + second}: what
     * {@link JavaEngine} computes on the same grids with the clamp of a byte. A tighter clamp
     * behind it gives what is defined for the operation.
     */
    static byte[] defined(Combine op) {
        int[] first = new int[BYTES * BYTES];
        int[] second = new int[first.length];
        for (int i = 0; i < first.length; i++) {
            first[i] = i / BYTES;
            second[i] = i % BYTES;
        }
        List<TensorType> inputs =
                List.of(
                        bytes("a", op.inputs().get(0), first.length),
                        bytes("b", op.inputs().get(1), first.length));
        TensorType output = bytes("y", op.output(), first.length);
        Combine whole =
                new Combine(
                        op.name(),
                        inputs,
                        output,
                        op.kind(),
                        Requantization.FLOAT,
                        0,
                        QdqPieces.BYTE_MAX);
        int[] q = new int[first.length];
        new CombineKernel(whole).run(new int[][] {first, second}, q, 1);
        byte[] bytes = new byte[q.length];
        for (int i = 0; i < q.length; i++) {
            bytes[i] = (byte) q[i];
        }
        return bytes;
    }

    private static TensorType bytes(String name, TensorType tensor, int elements) {
        QuantParams params =
                QuantParams.of(Quantizers.uint8PerTensor(), tensor.params().scale(), zero(tensor));
        return TensorType.of(name, params, elements);
    }
}
