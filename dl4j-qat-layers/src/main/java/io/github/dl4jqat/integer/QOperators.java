package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.Value;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Operators on integers: QLinearConv of ONNX itself, and QGemm, QLinearAdd, QLinearMul,
 * QLinearAveragePool and QLinearGlobalAveragePool of ONNX Runtime. The first two compute as {@link
 * JavaEngine} does; the others work in floats with factors of their own, which may give the next
 * integer.
 */
final class QOperators implements SumNodes {

    private final OnnxGraph graph;
    private final QdqPieces pieces;

    QOperators(OnnxGraph graph, QdqPieces pieces) {
        this.graph = graph;
        this.pieces = pieces;
    }

    /** Whether there is an operator: for two tensors that are added or multiplied. */
    static boolean has(Combine op) {
        boolean kind = op.kind() == Combine.Kind.SUM || op.kind() == Combine.Kind.PRODUCT;
        return kind && op.inputs().size() == 2;
    }

    /** Whether there is an operator: for windows without gaps that always meet the image. */
    static boolean has(AveragePool2d op) {
        Window2d w = op.window();
        return w.dilationH() == 1
                && w.dilationW() == 1
                && Math.max(w.padTop(), w.padBottom()) < w.kernelH()
                && Math.max(w.padLeft(), w.padRight()) < w.kernelW();
    }

    @Override
    public Value conv(
            IntegerOp op,
            Weights weights,
            Value in,
            UnaryOperator<OnnxGraph.Node> window,
            int low,
            int high) {
        String name = op.output().name();
        TensorType input = op.inputs().get(0);
        QdqPieces.Grid grid = pieces.grid(name, weights);
        OnnxGraph.Node node =
                graph.node(
                        "QLinearConv",
                        in,
                        scale(input),
                        pieces.zeroPoint(input),
                        pieces.integers(name + "/w", weights),
                        grid.scale(),
                        grid.zero(),
                        scale(op.output()),
                        pieces.zeroPoint(op.output()),
                        pieces.biasIntegers(name, weights));
        return pieces.clamped(window.apply(node), op.output(), low, high);
    }

    @Override
    public Value dense(Dense op, Value in) {
        String name = op.output().name();
        QdqPieces.Grid grid = pieces.grid(name, op.weights());
        OnnxGraph.Node node =
                graph.runtimeNode(
                                "QGemm",
                                in,
                                scale(op.input()),
                                pieces.zeroPoint(op.input()),
                                pieces.integers(name + "/w", op.weights()),
                                grid.scale(),
                                grid.zero(),
                                pieces.biasIntegers(name, op.weights()),
                                scale(op.output()),
                                pieces.zeroPoint(op.output()))
                        .with("transB", 1);
        return pieces.clamped(node, op.output(), op.low(), op.high());
    }

    Value average(AveragePool2d op, Value in) {
        Window2d w = op.window();
        OnnxGraph.Node node =
                unary("QLinearAveragePool", op.input(), op.output(), in)
                        .with("kernel_shape", new int[] {w.kernelH(), w.kernelW()})
                        .with("strides", new int[] {w.strideH(), w.strideW()})
                        .with(
                                "pads",
                                new int[] {w.padTop(), w.padLeft(), w.padBottom(), w.padRight()})
                        .with("count_include_pad", op.includePadInDivisor() ? 1 : 0);
        return pieces.clamped(node, op.output(), op.low(), op.high());
    }

    /** An image of one pixel. */
    Value global(GlobalPool op, TensorType image, Value in) {
        OnnxGraph.Node node = unary("QLinearGlobalAveragePool", op.input(), image, in);
        return pieces.clamped(node, image, op.low(), op.high());
    }

    Value combine(Combine op, List<Value> in) {
        TensorType a = op.inputs().get(0);
        TensorType b = op.inputs().get(1);
        String type = op.kind() == Combine.Kind.PRODUCT ? "QLinearMul" : "QLinearAdd";
        OnnxGraph.Node node =
                graph.runtimeNode(
                        type,
                        in.get(0),
                        scale(a),
                        pieces.zeroPoint(a),
                        in.get(1),
                        scale(b),
                        pieces.zeroPoint(b),
                        scale(op.output()),
                        pieces.zeroPoint(op.output()));
        return pieces.clamped(node, op.output(), op.low(), op.high());
    }

    private OnnxGraph.Node unary(String type, TensorType input, TensorType output, Value in) {
        return graph.runtimeNode(
                type,
                in,
                scale(input),
                pieces.zeroPoint(input),
                scale(output),
                pieces.zeroPoint(output));
    }

    private Value scale(TensorType tensor) {
        return pieces.scale(tensor, tensor.params().scale());
    }
}
