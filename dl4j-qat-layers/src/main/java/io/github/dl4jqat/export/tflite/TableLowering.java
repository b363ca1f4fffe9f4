package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.Lookup;
import io.github.dl4jqat.integer.TensorType;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Elementwise functions. A table is a GATHER, which computes nothing; where a table is a clamp, or
 * the sigmoid or hyperbolic tangent as TFLite specifies it, it is that operator.
 */
final class TableLowering {

    /** How many int8 numbers there are. */
    private static final int LEVELS = 256;

    /** Runtimes compute a function in float; this far from a tie they all round alike. */
    private static final double FROM_TIE = 1e-3;

    private TableLowering() {}

    static void lookup(Lowering to, Lookup op) {
        TensorType in = op.input();
        TensorType out = op.output();
        if (op.tables() > 1) {
            gather(to, op);
            return;
        }
        byte[] table = table(op, 0);
        Int8Grid from = Int8Grid.of(in);
        Int8Grid grid = Int8Grid.of(out);
        if (from.equals(grid) && isClamp(table)) {
            clamp(to, op, table);
        } else if (grid.scale() == EndLowering.SIGMOID_SCALE
                && grid.zeroPoint() == Byte.MIN_VALUE
                && isFunction(table, from, grid, x -> 1 / (1 + StrictMath.exp(-x)))) {
            to.graph().node(TfOp.LOGISTIC, Options.NONE, to.tensor(out), to.tensor(in));
        } else if (grid.scale() == EndLowering.TANH_SCALE
                && grid.zeroPoint() == 0
                && isFunction(table, from, grid, StrictMath::tanh)) {
            to.graph().node(TfOp.TANH, Options.NONE, to.tensor(out), to.tensor(in));
        } else {
            gather(to, op);
        }
    }

    /** The entry for each int8 number from -128 on; those beyond the range as at its ends. */
    private static byte[] table(Lookup op, int channel) {
        Int8Grid from = Int8Grid.of(op.input());
        Int8Grid grid = Int8Grid.of(op.output());
        int[] table = op.table();
        int levels = table.length / op.tables();
        int qMin = op.input().params().spec().qMin();
        byte[] all = new byte[LEVELS];
        for (int i = 0; i < LEVELS; i++) {
            int q = i + Byte.MIN_VALUE + from.offset();
            int entry = Math.max(0, Math.min(levels - 1, q - qMin));
            all[i] = (byte) (table[channel * levels + entry] - grid.offset());
        }
        return all;
    }

    private static boolean isClamp(byte[] table) {
        for (int i = 0; i < LEVELS; i++) {
            int q = i + Byte.MIN_VALUE;
            if (table[i] != Math.max(table[0], Math.min(table[LEVELS - 1], q))) {
                return false;
            }
        }
        return true;
    }

    private static void clamp(Lowering to, Lookup op, byte[] table) {
        int low = table[0];
        int high = table[LEVELS - 1];
        if (low == Byte.MIN_VALUE && high == Byte.MAX_VALUE) {
            to.alias(op.output(), to.tensor(op.input()));
        } else {
            to.clamp(to.tensor(op.input()), op.output(), low, high);
        }
    }

    private static boolean isFunction(
            byte[] table, Int8Grid from, Int8Grid grid, DoubleUnaryOperator f) {
        for (int i = 0; i < LEVELS; i++) {
            float x = from.scale() * (i + Byte.MIN_VALUE - from.zeroPoint());
            double level = f.applyAsDouble(x) / grid.scale();
            double rounded = Math.rint(level) + grid.zeroPoint();
            boolean clear = Math.abs(level - Math.floor(level) - 0.5) > FROM_TIE;
            if (!clear || table[i] != Math.max(-128, Math.min(127, rounded))) {
                return false;
            }
        }
        return true;
    }

    /** {@code table[q + 128]}, with 256 more for each channel if they have their own tables. */
    private static void gather(Lowering to, Lookup op) {
        byte[] all = new byte[LEVELS * op.tables()];
        for (int c = 0; c < op.tables(); c++) {
            System.arraycopy(table(op, c), 0, all, c * LEVELS, LEVELS);
        }
        int constant =
                to.graph()
                        .bytes(
                                op.name() + "/table",
                                List.of(all.length),
                                all,
                                Int8Grid.of(op.output()).scales());
        int index = index(to, op.name(), op.input(), op.tables());
        to.graph().node(TfOp.GATHER, Options.GATHER_ROWS, to.tensor(op.output()), constant, index);
    }

    /** The index into a table for each element; its channels are the last axis. */
    static int index(Lowering to, String name, TensorType in, int tables) {
        List<Integer> shape = Layout.shape(in);
        int wide = to.int32(name + "/wide", shape);
        to.graph()
                .node(
                        TfOp.CAST,
                        Options.cast(
                                org.tensorflow.lite.schema.TensorType.INT8,
                                org.tensorflow.lite.schema.TensorType.INT32),
                        wide,
                        to.tensor(in));
        int[] first = new int[tables];
        for (int c = 0; c < tables; c++) {
            first[c] = c * LEVELS - Byte.MIN_VALUE;
        }
        int index = to.int32(name + "/index", shape);
        int offsets = to.graph().ints(name + "/first", first);
        to.graph().node(TfOp.ADD, 1, Options.add((byte) 0), index, List.of(wide, offsets));
        return index;
    }
}
