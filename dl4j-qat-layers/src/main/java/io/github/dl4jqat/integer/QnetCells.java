package io.github.dl4jqat.integer;

import io.github.dl4jqat.kernels.CellTable;
import io.github.dl4jqat.kernels.LstmCell;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.kernels.SimpleRnnCell;
import io.github.dl4jqat.kernels.WeightRows;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** The cells of recurrent layers in a {@code .qnet} file. */
final class QnetCells {

    private static final String LSTM = "LSTM";
    private static final String SIMPLE = "SIMPLE";
    private static final int UNSIGNED = 0xFFFF;

    private QnetCells() {}

    static void write(Recurrent op, ObjectNode node, QnetWriter writer) {
        RecurrentCell cell = op.cell();
        node.put("cell", cell instanceof LstmCell ? LSTM : SIMPLE);
        op.constants().ifPresent(w -> writer.weights(node, "weights", w));
        writer.weights(node, "recurrent", weights(cell.recurrent()));
        grid(node, "preActivation", cell.preActivation());
        if (cell instanceof LstmCell lstm) {
            if (lstm.peepholes() != null) {
                writer.weights(node, "peepholes", weights(lstm.peepholes()));
            }
            grid(node, "memory", lstm.memory());
            table(node, "gate", lstm.gate(), writer);
            table(node, "activation", lstm.activation(), writer);
            table(node, "memoryActivation", lstm.memoryActivation(), writer);
        } else {
            node.put("table", writer.part(shorts(((SimpleRnnCell) cell).table())));
        }
    }

    private static Weights weights(WeightRows rows) {
        return Weights.of(
                rows.params(),
                List.of(rows.rows(), rows.columns()),
                rows.values(),
                new int[rows.rows()]);
    }

    private static void grid(ObjectNode node, String name, QuantParams params) {
        ObjectNode grid = node.putObject(name);
        QnetWriter.spec(grid, params.spec());
        grid.put("scale", Float.toString(params.scale()));
    }

    private static void table(ObjectNode node, String name, CellTable table, QnetWriter writer) {
        boolean signed = false;
        for (int entry : table.entries()) {
            signed |= entry < 0;
        }
        node.putObject(name)
                .put("entries", writer.part(shorts(table.entries())))
                .put("exponent", table.exponent())
                .put("signed", signed);
    }

    private static byte[] shorts(int[] values) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.multiplyExact(values.length, Short.BYTES))
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putShort((short) value);
        }
        return bytes.array();
    }

    static Recurrent read(
            QnetFields f,
            String name,
            TensorType input,
            TensorType output,
            Requantization mode,
            QnetReader reader)
            throws QnetFormatException {
        String kind = f.text("cell");
        if (!kind.equals(LSTM) && !kind.equals(SIMPLE)) {
            throw f.error("'cell' is '" + kind + "', expected " + LSTM + " or " + SIMPLE);
        }
        OpChecks.integers("Recurrent", name, input, output);
        Weights weights = reader.weights(f.object("weights"));
        WeightRows recurrent = rows(f, "recurrent", reader);
        QuantParams before = grid(f, "preActivation");
        RecurrentCell cell;
        if (kind.equals(LSTM)) {
            cell =
                    LstmCell.builder(mode)
                            .tensors(input.params(), output.params())
                            .grids(before, grid(f, "memory"))
                            .weights(rows(weights), weights.biases())
                            .recurrent(recurrent)
                            .peepholes(f.has("peepholes") ? rows(f, "peepholes", reader) : null)
                            .functions(
                                    table(f, "gate", reader),
                                    table(f, "activation", reader),
                                    table(f, "memoryActivation", reader))
                            .build();
        } else {
            cell =
                    new SimpleRnnCell(
                            rows(weights),
                            recurrent,
                            weights.biases(),
                            input.params(),
                            output.params(),
                            before,
                            ints(f, "table", output.params().spec().signed(), reader),
                            mode);
        }
        return new Recurrent(name, input, output, cell);
    }

    private static WeightRows rows(Weights weights) {
        return WeightRows.of(weights.values(), weights.elementsPerChannel(), weights.params());
    }

    private static WeightRows rows(QnetFields f, String name, QnetReader reader)
            throws QnetFormatException {
        Weights weights = reader.weights(f.object(name));
        for (int c = 0; c < weights.channels(); c++) {
            if (weights.bias(c) != 0) {
                throw f.error("'" + name + "' has a bias of " + weights.bias(c) + ", expected 0");
            }
        }
        return rows(weights);
    }

    private static QuantParams grid(QnetFields f, String name) throws QnetFormatException {
        QnetFields grid = f.object(name);
        return QuantParams.of(QnetReader.spec(grid), grid.positiveFloat("scale"), 0);
    }

    private static CellTable table(QnetFields f, String name, QnetReader reader)
            throws QnetFormatException {
        QnetFields table = f.object(name);
        return CellTable.of(
                ints(table, "entries", table.flag("signed"), reader), table.integer("exponent"));
    }

    private static int[] ints(QnetFields f, String name, boolean signed, QnetReader reader)
            throws QnetFormatException {
        ByteBuffer part = reader.parts().part(f, name);
        if (part.remaining() % Short.BYTES != 0) {
            throw f.error("'" + name + "' has " + part.remaining() + " bytes, no multiple of 2");
        }
        ByteBuffer words = part.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int[] values = new int[part.remaining() / Short.BYTES];
        for (int i = 0; i < values.length; i++) {
            short value = words.getShort();
            values[i] = signed ? value : value & UNSIGNED;
        }
        return values;
    }
}
