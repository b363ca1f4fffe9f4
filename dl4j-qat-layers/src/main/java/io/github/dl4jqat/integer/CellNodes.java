package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.kernels.WeightRows;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantizer;

/**
 * Steps of a recurrent cell's arithmetic as nodes. Sums of up to three parts are taken in floats,
 * which is exact because no part is larger than {@link RecurrentCell#PART_LIMIT}; products are
 * int32.
 */
final class CellNodes {

    private final OnnxGraph graph;

    CellNodes(OnnxGraph graph) {
        this.graph = graph;
    }

    /** From products of a tensor and weights to the grid before the activation function. */
    static Requantizer part(RecurrentCell cell, QuantParams factor, WeightRows weights) {
        int limit = RecurrentCell.PART_LIMIT;
        return Requantizer.of(
                cell.mode(),
                factor.scale(),
                weights.params().scales(),
                cell.preActivation(),
                -limit,
                limit);
    }

    /** An int32 accumulator, scaled, rounded and clamped, as whole-numbered floats. */
    Value requantized(String name, Value acc, Requantizer to) {
        Value rounded = graph.node("Round", scaled(name, acc, to)).as(name + "_rounded");
        return clamped(name, rounded, to.low(), to.high());
    }

    /** An int32 accumulator as a float, times its factor. */
    Value scaled(String name, Value acc, Requantizer to) {
        float[] factors = new float[to.size()];
        for (int c = 0; c < factors.length; c++) {
            factors[c] = to.factor(c);
        }
        int[] dims = factors.length == 1 ? new int[0] : new int[] {factors.length};
        Value factor = graph.floats(name + "_factor", factors, dims);
        Value real = cast(name + "_float", acc, ElementType.FLOAT);
        return graph.node("Mul", real, factor).as(name + "_scaled");
    }

    Value cast(String name, Value x, ElementType to) {
        return graph.node("Cast", x).with("to", to.number()).as(name);
    }

    Value clamped(String name, Value x, int low, int high) {
        return graph.node("Clip", x, number(name + "_low", low), number(name + "_high", high))
                .as(name);
    }

    private Value number(String name, int value) {
        return graph.floats(name, new float[] {value});
    }

    /** The entries of a table at whole-numbered floats, which are clamped to its grid. */
    Value looked(String name, Value q, QuantParams grid, Value table) {
        int low = grid.spec().qMin();
        Value inside = clamped(name + "_inside", q, low, grid.spec().qMax());
        Value from = graph.node("Sub", inside, number(name + "_first", low)).as(name + "_from");
        Value index = cast(name + "_index", from, ElementType.INT32);
        return graph.node("Gather", table, index).with("axis", 0).as(name);
    }
}
