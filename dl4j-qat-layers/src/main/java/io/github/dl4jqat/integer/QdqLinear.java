package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;
import java.util.Optional;

/** The operations of {@link OnnxQdq} that sum up and requantize. */
final class QdqLinear {

    private final OnnxGraph graph;
    private final QdqPieces pieces;
    private final SumNodes nodes;
    private final Optional<QOperators> operators;

    QdqLinear(OnnxGraph graph, QdqPieces pieces, Optional<QOperators> operators) {
        this.graph = graph;
        this.pieces = pieces;
        this.operators = operators;
        this.nodes = operators.<SumNodes>map(q -> q).orElseGet(() -> new QdqSums(graph, pieces));
    }

    Value conv(Conv2d op, Value in) {
        return nodes.conv(
                op,
                op.weights(),
                in,
                n -> QdqPieces.windowed(n, op.window()).with("group", op.groups()),
                op.low(),
                op.high());
    }

    Value conv(Conv3d op, Value in) {
        return nodes.conv(
                op,
                op.weights(),
                in,
                n -> QdqPieces.windowed(n, op.window()).with("group", op.groups()),
                op.low(),
                op.high());
    }

    Value dense(Dense op, Value in) {
        return nodes.dense(op, in);
    }

    Value average(AveragePool2d op, Value in) {
        if (operators.isPresent() && QOperators.has(op)) {
            return operators.get().average(op, in);
        }
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
        return pieces.quantized(steps, op.output(), 1f, op.low(), op.high());
    }

    Value global(GlobalPool op, Value in) {
        int height = op.input().size(1);
        int width = op.input().size(2);
        Window2d whole = Window2d.of(height, width);
        String name = op.output().name();
        if (op.kind() == GlobalPool.Kind.MAX) {
            Value most = QdqPieces.windowed(graph.node("MaxPool", in), whole).as(name + "/image");
            return pieces.reshape(most, op.output());
        }
        int channels = op.input().size(0);
        TensorType image = TensorType.of(name + "/image", op.output().params(), channels, 1, 1);
        if (operators.isPresent() && op.kind() == GlobalPool.Kind.AVERAGE) {
            return pieces.reshape(operators.get().global(op, image, in), op.output());
        }
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
