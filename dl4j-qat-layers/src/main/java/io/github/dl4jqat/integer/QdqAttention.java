package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.Value;
import java.util.List;

/** Attention as float operators of ONNX, all heads at once. */
final class QdqAttention {

    /** The softmax that ONNX Runtime does not fuse. */
    interface Softmax {
        Value of(String name, Value x, int axis);
    }

    private final OnnxGraph graph;
    private final QdqPieces pieces;
    private final Softmax softmax;

    QdqAttention(OnnxGraph graph, QdqPieces pieces, Softmax softmax) {
        this.graph = graph;
        this.pieces = pieces;
        this.softmax = softmax;
    }

    Value of(DotProductAttention op, List<Value> all) {
        int width = op.queries().size(0);
        return mixed(op.output().name(), all.get(0), all.get(1), all.get(2), width, false);
    }

    Value of(MultiHeadAttention op, List<Value> all) {
        String name = op.output().name();
        AttentionWeights weights = op.weights();
        int steps = op.queries().size(1);
        int keySteps = op.keys().size(1);
        Value mixed =
                mixed(
                        name + "/heads",
                        heads(name + "/q", all.get(0), weights.queries(), steps),
                        heads(name + "/k", all.get(1), weights.keys(), keySteps),
                        heads(name + "/v", all.get(2), weights.values(), keySteps),
                        weights.queries().size(1),
                        true);
        FloatConstant w = weights.output();
        TensorType rows = TensorType.ofFloats(name + "/rows", w.size(0), steps);
        Value to = graph.floats(name + "/to", transposed(w), w.size(1), w.size(0));
        return graph.node("MatMul", to, pieces.reshape(mixed, rows)).as(name);
    }

    /** Projected, with an axis for the heads. */
    private Value heads(String name, Value x, FloatConstant w, int steps) {
        int heads = w.size(0);
        int width = w.size(1);
        Value by = graph.floats(name + "_weights", w.values(), heads * width, w.size(2));
        Value rows = graph.node("MatMul", by, x).as(name + "_rows");
        return pieces.reshape(rows, TensorType.ofFloats(name, heads, width, steps));
    }

    private static float[] transposed(FloatConstant w) {
        float[] turned = new float[w.elements()];
        for (int r = 0; r < w.size(0); r++) {
            for (int o = 0; o < w.size(1); o++) {
                turned[o * w.size(0) + r] = w.get(r * w.size(1) + o);
            }
        }
        return turned;
    }

    private Value mixed(
            String name, Value queries, Value keys, Value values, int width, boolean heads) {
        int[] turn = heads ? new int[] {0, 1, 3, 2} : new int[] {0, 2, 1};
        Value turned = graph.node("Transpose", keys).with("perm", turn).as(name + "/keys");
        float[] share = {(float) (1 / Math.sqrt(width))};
        Value products = graph.node("MatMul", turned, queries).as(name + "/products");
        Value scores =
                graph.node("Mul", products, graph.floats(name + "/share", share))
                        .as(name + "/scores");
        Value weights = softmax.of(name + "/weights", scores, heads ? 2 : 1);
        return graph.node("MatMul", values, weights).as(name);
    }
}
