package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.kernels.LstmCell;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.kernels.SimpleRnnCell;
import io.github.dl4jqat.kernels.WeightRows;
import java.util.ArrayList;
import java.util.List;

/**
 * Recurrent layers of {@link OnnxQdq}: a Scan over time, whose state is the last output in bytes
 * and, for an LSTM, the memory in int32. The input's part of the gates is computed for all time
 * steps at once, before the loop. ONNX's own LSTM computes with floats, so the cell is spelled out,
 * as {@link RecurrentCell} defines it.
 */
final class QdqRecurrent {

    private static final int TIME = 1;
    private static final int SEQUENCE = 2;

    private final OnnxGraph graph;
    private final QdqPieces pieces;

    QdqRecurrent(OnnxGraph graph, QdqPieces pieces) {
        this.graph = graph;
        this.pieces = pieces;
    }

    Value sequence(Recurrent op, Value in) {
        String name = op.output().name();
        RecurrentCell cell = op.cell();
        CellNodes outside = new CellNodes(graph);
        Value x = graph.node("Transpose", in).with("perm", new int[] {0, 2, 1}).as(name + "/steps");
        Value columns = columns(name + "/w", cell.weights());
        Value products = product(graph, name + "/w", x, pieces.zeroPoint(op.input()), columns);
        Value bias = graph.ints(name + "/b", cell.bias(), cell.bias().length);
        Value sums = graph.node("Add", products, bias).as(name + "/sums");
        Value gates =
                outside.requantized(
                        name + "/fromInput",
                        sums,
                        CellNodes.part(cell, cell.input(), cell.weights()));

        List<Value> begin = new ArrayList<>();
        List<String> ends = new ArrayList<>();
        Value shape = stateShape(name, in, cell.units());
        Value zero = pieces.zeroPoint(op.output());
        begin.add(graph.node("Expand", zero, shape).as(name + "/begin"));
        ends.add(name + "/last");
        if (cell instanceof LstmCell) {
            Value nothing = graph.ints(name + "/nothing", new int[] {0});
            begin.add(graph.node("Expand", nothing, shape).as(name + "/memory"));
            ends.add(name + "/lastMemory");
        }
        OnnxGraph body = body(op, zero);
        begin.add(gates);
        ends.add(name);
        return graph.node("Scan", begin.toArray(new Value[0]))
                .with("body", body)
                .with("num_scan_inputs", 1)
                .with("scan_input_axes", new int[] {TIME})
                .with("scan_output_axes", new int[] {SEQUENCE})
                .as(ends)
                .get(ends.size() - 1);
    }

    /**
     * Sums of products with bytes less their zero point, int32. The weights' own zero point may be
     * left out by ONNX, but ONNX Runtime 1.28 ends the process if it is asked for exact sums then.
     */
    private static Value product(OnnxGraph where, String name, Value x, Value zero, Value columns) {
        Value none = where.bytes(name + "_zero", ElementType.INT8, new byte[1]);
        return where.node("MatMulInteger", x, columns, zero, none).as(name + "_product");
    }

    /** The matrix with its rows as columns, which is how a product reads it. */
    private Value columns(String name, WeightRows rows) {
        int[] values = rows.values();
        int[] turned = new int[values.length];
        for (int row = 0; row < rows.rows(); row++) {
            for (int i = 0; i < rows.columns(); i++) {
                turned[i * rows.rows() + row] = values[row * rows.columns() + i];
            }
        }
        return pieces.integers(name, turned, rows.params().spec(), rows.columns(), rows.rows());
    }

    /** Batch and units, from the batch of an input. */
    private Value stateShape(String name, Value in, int units) {
        Value shape = graph.node("Shape", in).as(name + "/shape");
        Value batch =
                graph.node("Gather", shape, graph.longs(name + "/first", new long[] {0}, 1))
                        .as(name + "/batch");
        return graph.node("Concat", batch, graph.longs(name + "/units", new long[] {units}, 1))
                .with("axis", 0)
                .as(name + "/state");
    }

    /** One time step: the state, then the input's part of the gates, in; state and output, out. */
    private OnnxGraph body(Recurrent op, Value zero) {
        String name = op.output().name();
        RecurrentCell cell = op.cell();
        Value columns = columns(name + "/r", cell.recurrent());
        OnnxGraph body = graph.body(name + "/step");
        CellNodes nodes = new CellNodes(body);
        List<Integer> state = List.of(cell.units());
        Value h = body.input(name + "/before", ElementType.UINT8, state);
        Value c =
                cell instanceof LstmCell
                        ? body.input(name + "/memoryBefore", ElementType.INT32, state)
                        : null;
        Value gates =
                body.input(name + "/gates", ElementType.FLOAT, List.of(cell.weights().rows()));
        String after = name + "/after";
        String memoryAfter = name + "/memoryAfter";
        String out = name + "/out";
        body.reserveOutput(after);
        body.reserveOutput(out);
        if (c != null) {
            body.reserveOutput(memoryAfter);
        }
        Value fromOutput =
                nodes.requantized(
                        name + "/fromOutput",
                        product(body, name + "/r", h, zero, columns),
                        CellNodes.part(cell, cell.output(), cell.recurrent()));
        Value z = body.node("Add", gates, fromOutput).as(name + "/z");
        Value next;
        if (cell instanceof LstmCell lstm) {
            LstmNodes step = new LstmNodes(graph, body, lstm, name, z);
            Value memory = step.memory(c);
            next = step.output(op.output(), memory);
            body.output(after, next, ElementType.UINT8, state);
            body.output(memoryAfter, memory, ElementType.INT32, state);
        } else {
            next = simple(op.output(), (SimpleRnnCell) cell, nodes, z);
            body.output(after, next, ElementType.UINT8, state);
        }
        body.output(out, next, ElementType.UINT8, state);
        return body;
    }

    private Value simple(TensorType output, SimpleRnnCell cell, CellNodes nodes, Value z) {
        int[] table = cell.table();
        byte[] bytes = new byte[table.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (table[i] + QdqPieces.shift(output.params()));
        }
        String name = output.name();
        Value entries = graph.bytes(name + "/table", ElementType.UINT8, bytes, bytes.length);
        return nodes.looked(name + "/next", z, cell.preActivation(), entries);
    }
}
