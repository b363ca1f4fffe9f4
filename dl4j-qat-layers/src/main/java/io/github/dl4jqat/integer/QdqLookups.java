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

    /** Floats cut to whole numbers. */
    Value whole(Value x) {
        return graph.node("Cast", x).with("to", ElementType.INT64.number()).as(x.name() + "/index");
    }

    /** Rows come out one after the other, {@code [T, n]}; a sequence has them as columns. */
    Value embedding(Embedding op, Value indices) {
        String name = op.output().name();
        int n = op.output().size(0);
        LevelTable table = op.table();
        byte[] bytes = new byte[table.size()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (table.get(i) + QdqPieces.shift(op.output().params()));
        }
        Value rows = graph.bytes(name + "/table", ElementType.UINT8, bytes, op.vocabulary(), n);
        TensorType vector = TensorType.ofFloats(name + "/vector", op.input().elements());
        Value flat = op.input().rank() == 1 ? indices : pieces.reshape(indices, vector);
        Value picked = graph.node("Gather", rows, flat).with("axis", 0).as(name + "/rows");
        return op.output().rank() == 1
                ? pieces.reshape(picked, op.output())
                : graph.node("Transpose", picked).with("perm", new int[] {0, 2, 1}).as(name);
    }
}
