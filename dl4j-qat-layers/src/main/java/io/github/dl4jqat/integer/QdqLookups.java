package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;

/** The operations of {@link OnnxQdq} that read tables: Gather from bytes, which is exact. */
final class QdqLookups {

    private static final int ENTRIES = QdqPieces.BYTE_MAX + 1;

    private final OnnxGraph graph;
    private final QdqPieces pieces;

    QdqLookups(OnnxGraph graph, QdqPieces pieces) {
        this.graph = graph;
        this.pieces = pieces;
    }

    /** Tables for several channels lie one after the other, 256 entries each. */
    Value lookup(Lookup op, Value in) {
        String name = op.output().name();
        int tables = op.tables();
        int[] entries = op.table();
        int levels = entries.length / tables;
        byte[] bytes = new byte[Math.multiplyExact(tables, ENTRIES)];
        int first = op.input().params().spec().qMin() + QdqPieces.shift(op.input().params());
        for (int i = 0; i < entries.length; i++) {
            bytes[i / levels * ENTRIES + first + i % levels] =
                    (byte) (entries[i] + QdqPieces.shift(op.output().params()));
        }
        Value table = graph.bytes(name + "/table", ElementType.UINT8, bytes, bytes.length);
        return tables == 1
                ? pieces.gather(in, table, name)
                : graph.node("Gather", table, channelIndex(op, in)).with("axis", 0).as(name);
    }

    /** The byte, plus where the table of its channel begins. */
    private Value channelIndex(Lookup op, Value in) {
        String name = op.output().name();
        int[] starts = new int[op.tables()];
        int[] dims = new int[op.input().rank()];
        for (int c = 0; c < starts.length; c++) {
            starts[c] = c * ENTRIES;
        }
        for (int axis = 0; axis < dims.length; axis++) {
            dims[axis] = axis == 0 ? starts.length : 1;
        }
        Value index =
                graph.node("Cast", in).with("to", ElementType.INT32.number()).as(name + "/byte");
        return graph.node("Add", index, graph.ints(name + "/starts", starts, dims))
                .as(name + "/index");
    }
}
