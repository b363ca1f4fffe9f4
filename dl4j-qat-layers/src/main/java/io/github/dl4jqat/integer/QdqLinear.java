package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;

/** The operations of {@link OnnxQdq} that sum up and requantize. */
final class QdqLinear {

    private final OnnxGraph graph;
    private final QdqPieces pieces;

    QdqLinear(OnnxGraph graph, QdqPieces pieces) {
        this.graph = graph;
        this.pieces = pieces;
    }

    Value conv(Conv2d op, Value in) {
        OnnxGraph.Node node =
                QdqPieces.windowed(operator("Conv", op, op.weights(), in), op.window());
        return requantized(node.with("group", op.groups()), op.output(), op.low(), op.high());
    }

    Value conv(Conv3d op, Value in) {
        OnnxGraph.Node node =
                QdqPieces.windowed(operator("Conv", op, op.weights(), in), op.window());
        return requantized(node.with("group", op.groups()), op.output(), op.low(), op.high());
    }

    Value dense(Dense op, Value in) {
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
        Value real = node.as(output.name() + "/real");
        Value q = pieces.rounded(real, output, output.params().scale());
        return pieces.clip(q, output, low, high);
    }

    Value average(AveragePool2d op, Value in) {
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
            int channels = op.input().size(0);
            return conv(
                    new Conv2d(
                            op.name(),
                            op.input(),
                            op.output(),
                            QdqPieces.ones(channels, op.window(), 1f / divisor),
                            op.window(),
                            channels,
                            op.mode(),
                            op.low(),
                            op.high()),
                    in);
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
                QdqPieces.windowed(
                                graph.node("ConvInteger", in, w, pieces.zeroPoint(op.input())),
                                op.window())
                        .with("group", channels)
                        .as(name + "/sum");
        Value real =
                graph.node("Cast", sum).with("to", ElementType.FLOAT.number()).as(name + "/cast");
        Value steps =
                graph.node("Mul", real, graph.floats(name + "/factors", factors, rows, columns))
                        .as(name + "/steps");
        return pieces.clip(
                pieces.rounded(steps, op.output(), 1f), op.output(), op.low(), op.high());
    }

    Value global(GlobalPool op, Value in) {
        int height = op.input().size(1);
        int width = op.input().size(2);
        Window2d whole = Window2d.of(height, width);
        String name = op.output().name();
        if (op.kind() == GlobalPool.Kind.MAX) {
            return pieces.reshape(
                    QdqPieces.windowed(graph.node("MaxPool", in), whole).as(name), op.output());
        }
        int channels = op.input().size(0);
        TensorType image = TensorType.of(name, op.output().params(), channels, 1, 1);
        Conv2d sum =
                new Conv2d(
                        op.name(),
                        op.input(),
                        image,
                        QdqPieces.ones(channels, whole, op.weightScale()),
                        whole,
                        channels,
                        op.mode(),
                        op.low(),
                        op.high());
        return pieces.reshape(conv(sum, in), op.output());
    }
}
