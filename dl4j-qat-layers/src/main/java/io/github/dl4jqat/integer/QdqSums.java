package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.Value;
import java.util.function.UnaryOperator;

/** Conv and Gemm between DequantizeLinear and QuantizeLinear. */
final class QdqSums implements SumNodes {

    private final OnnxGraph graph;
    private final QdqPieces pieces;

    QdqSums(OnnxGraph graph, QdqPieces pieces) {
        this.graph = graph;
        this.pieces = pieces;
    }

    @Override
    public Value conv(
            IntegerOp op,
            Weights weights,
            Value in,
            UnaryOperator<OnnxGraph.Node> window,
            int low,
            int high) {
        OnnxGraph.Node node = window.apply(operator("Conv", op, weights, in));
        return requantized(node, op.output(), low, high);
    }

    @Override
    public Value dense(Dense op, Value in) {
        OnnxGraph.Node node = operator("Gemm", op, op.weights(), in).with("transB", 1);
        return requantized(node, op.output(), op.low(), op.high());
    }

    private OnnxGraph.Node operator(String type, IntegerOp op, Weights weights, Value in) {
        TensorType input = op.inputs().get(0);
        String name = op.output().name();
        return graph.node(
                type,
                pieces.dequantized(in, input),
                pieces.weights(name, weights),
                pieces.bias(name, weights, input));
    }

    private Value requantized(OnnxGraph.Node node, TensorType output, int low, int high) {
        Value real = node.as(output.name() + "/sum");
        return pieces.quantized(real, output, output.params().scale(), low, high);
    }
}
