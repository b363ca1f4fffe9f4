package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.kernels.CellTable;
import io.github.dl4jqat.kernels.LstmCell;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;

/** A time step of {@link LstmCell} from the sums of its gates on. */
final class LstmNodes {

    private static final int FORGET_PEEPHOLE = 0;
    private static final int OUTPUT_PEEPHOLE = 1;
    private static final int MODULATION_PEEPHOLE = 2;

    private final OnnxGraph around;
    private final OnnxGraph body;
    private final CellNodes nodes;
    private final LstmCell cell;
    private final String name;
    private final Value gate;
    private final List<Value> z;

    /**
     * Adds nodes to the body of a loop, large constants to the graph around it.
     *
     * @param name the layer's output, with which names begin
     * @param sums what goes into the activation functions, whole-numbered floats
     */
    LstmNodes(OnnxGraph around, OnnxGraph body, LstmCell cell, String name, Value sums) {
        this.around = around;
        this.body = body;
        this.nodes = new CellNodes(body);
        this.cell = cell;
        this.name = name;
        this.gate = table("/gate", cell.gate());
        long units = cell.units();
        Value sizes = around.longs(name + "/blocks", new long[] {units, units, units, units}, 4);
        this.z =
                body.node("Split", sums, sizes)
                        .with("axis", 1)
                        .as(List.of(name + "/zi", name + "/zf", name + "/zo", name + "/zg"));
    }

    private Value table(String what, CellTable table) {
        return around.ints(name + what, table.entries(), table.size());
    }

    /** The next memory, int32, from the one before. */
    Value memory(Value before) {
        Value activation = table("/activation", cell.activation());
        Value i = nodes.looked(name + "/i", z.get(0), cell.preActivation(), activation);
        Value f = gate("/f", z.get(1), FORGET_PEEPHOLE, before);
        Value g = gate("/g", z.get(3), MODULATION_PEEPHOLE, before);
        Value kept = product("/kept", f, before, cell.gate().scale(), cell.memory().scale());
        Value added = product("/added", i, g, cell.activation().scale(), cell.gate().scale());
        Value sum = body.node("Add", kept, added).as(name + "/c");
        int low = cell.memory().spec().qMin();
        Value now = nodes.clamped(name + "/c_inside", sum, low, cell.memory().spec().qMax());
        return nodes.cast(name + "/c_int", now, ElementType.INT32);
    }

    /** The entries of the gates' function, the peephole looking at a memory. */
    private Value gate(String what, Value sum, int peephole, Value memory) {
        Value all = cell.peepholes() == null ? sum : peeped(what, sum, peephole, memory);
        return nodes.looked(name + what, all, cell.preActivation(), gate);
    }

    private Value peeped(String what, Value sum, int row, Value memory) {
        int units = cell.units();
        int[] weights = new int[units];
        System.arraycopy(cell.peepholes().values(), row * units, weights, 0, units);
        Value p = around.ints(name + what + "_peephole", weights, units);
        Value acc = body.node("Mul", p, memory).as(name + what + "_seen");
        Requantizer to = CellNodes.part(cell, cell.memory(), cell.peepholes());
        Value part = nodes.requantized(name + what + "_part", acc, to);
        return body.node("Add", sum, part).as(name + what + "_sum");
    }

    /** A product of fractions on the grid of the memory. */
    private Value product(String what, Value a, Value b, float scaleA, float scaleB) {
        int limit = RecurrentCell.PART_LIMIT;
        Requantizer to =
                Requantizer.of(
                        cell.mode(), scaleA, new float[] {scaleB}, cell.memory(), -limit, limit);
        Value acc = body.node("Mul", a, b).as(name + what + "_product");
        return nodes.requantized(name + what, acc, to);
    }

    /** The next output in bytes, from the next memory. */
    Value output(TensorType output, Value memory) {
        Value o = gate("/o", z.get(2), OUTPUT_PEEPHOLE, memory);
        Value table = table("/memoryActivation", cell.memoryActivation());
        Value real = nodes.cast(name + "/c_float", memory, ElementType.FLOAT);
        Value of = nodes.looked(name + "/squashed", real, cell.memory(), table);
        int low = output.params().spec().qMin();
        int high = output.params().spec().qMax();
        Requantizer to =
                Requantizer.of(
                        cell.mode(),
                        cell.gate().scale(),
                        new float[] {cell.memoryActivation().scale()},
                        cell.output(),
                        low,
                        high);
        Value acc = body.node("Mul", o, of).as(name + "/h_product");
        Value scaled = nodes.scaled(name + "/h", acc, to);
        TensorType next = TensorType.of(name + "/next", output.params(), cell.units());
        return new QdqPieces(body).quantized(scaled, next, 1f, low, high);
    }
}
