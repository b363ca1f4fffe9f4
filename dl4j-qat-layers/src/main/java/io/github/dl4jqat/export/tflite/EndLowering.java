package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.Embedding;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.quant.QuantParams;
import java.util.List;

/** Where floats become integers and integers become floats, or where int8 is asked for instead. */
final class EndLowering {

    /** The scale that TFLite's quantization specification gives sigmoid and softmax. */
    static final float SIGMOID_SCALE = 1f / 256;

    /** The scale that it gives the hyperbolic tangent. */
    static final float TANH_SCALE = 1f / 128;

    private EndLowering() {}

    static void quantize(Lowering to, Quantize op, boolean asInt8) {
        TensorType out = op.output();
        if (asInt8) {
            int8Input(to, op);
            return;
        }
        int input = to.tensor(op.input());
        to.clamped(
                out,
                out.params().spec().qMin(),
                out.params().spec().qMax(),
                (output, activation) -> {
                    int raw = output;
                    if (!ElementLowering.isNone(activation)) {
                        raw = to.graph().like(output, op.name() + "/raw");
                    }
                    to.graph().node(TfOp.QUANTIZE, Options.QUANTIZE, raw, input);
                    if (raw != output) {
                        Int8Grid grid = Int8Grid.of(out);
                        to.clamp(
                                raw,
                                out,
                                out.params().spec().qMin() - grid.offset(),
                                out.params().spec().qMax() - grid.offset());
                    }
                });
    }

    /** The caller quantizes: the graph begins with the integers. */
    private static void int8Input(Lowering to, Quantize op) {
        if (!to.has(op.input())) {
            int integers = to.int8(op.input().name(), op.output(), Layout.shape(op.output()));
            to.alias(op.input(), integers);
            to.alias(op.output(), integers);
            return;
        }
        boolean oneGrid =
                to.readers(op.input()).stream()
                        .allMatch(
                                r ->
                                        r.output().params() != null
                                                && Int8Grid.of(r.output())
                                                        .equals(Int8Grid.of(op.output())));
        if (!oneGrid) {
            throw new NotSupported(
                    "input "
                            + op.input()
                            + " is quantized in several ways, so there is no one int8 form of it;"
                            + " use a float input");
        }
        to.alias(op.output(), to.tensor(op.input()));
    }

    static void dequantize(Lowering to, Dequantize op, boolean asInt8) {
        if (asInt8) {
            int8Output(to, op);
            return;
        }
        TensorType in = op.input();
        int floats = to.tensor(op.output());
        int values =
                op.softmax() ? to.graph().like(floats, op.output().name() + "/logits") : floats;
        if (isLinear(op)) {
            to.graph().node(TfOp.DEQUANTIZE, Options.DEQUANTIZE, values, to.tensor(in));
        } else {
            float[] table = table(op);
            int constant = to.graph().floats(op.name() + "/table", List.of(table.length), table);
            int index = TableLowering.index(to, op.name(), in, 1);
            to.graph().node(TfOp.GATHER, Options.GATHER_ROWS, values, constant, index);
        }
        if (op.softmax()) {
            to.graph().node(TfOp.SOFTMAX, Options.SOFTMAX, floats, values);
        }
    }

    /** The floats of all int8 numbers, from -128 on. */
    private static float[] table(Dequantize op) {
        float[] values = op.values();
        int qMin = op.input().params().spec().qMin();
        int offset = Int8Grid.of(op.input()).offset();
        float[] table = new float[Byte.MAX_VALUE - Byte.MIN_VALUE + 1];
        for (int i = 0; i < table.length; i++) {
            int entry = i + Byte.MIN_VALUE + offset - qMin;
            table[i] = values[Math.max(0, Math.min(values.length - 1, entry))];
        }
        return table;
    }

    private static boolean isLinear(Dequantize op) {
        QuantParams params = op.input().params();
        float[] values = op.values();
        for (int i = 0; i < values.length; i++) {
            if (values[i] != params.dequantize(params.spec().qMin() + i, 0)) {
                return false;
            }
        }
        return true;
    }

    /** The logits; or what the function at the end makes of them, on TFLite's grid for it. */
    private static void int8Output(Lowering to, Dequantize op) {
        TensorType in = op.input();
        boolean linear = isLinear(op);
        if (linear && !op.softmax()) {
            to.alias(op.output(), to.tensor(in));
            return;
        }
        if (linear) {
            int probabilities =
                    to.graph()
                            .tensor(
                                    op.output().name(),
                                    org.tensorflow.lite.schema.TensorType.INT8,
                                    Layout.shape(in),
                                    TfGraph.Scales.of(SIGMOID_SCALE, Byte.MIN_VALUE));
            to.graph().node(TfOp.SOFTMAX, Options.SOFTMAX, probabilities, to.tensor(in));
            to.alias(op.output(), probabilities);
            return;
        }
        if (op.softmax()) {
            throw new NotSupported(
                    "a softmax of a function of the logits has no int8 form; use a float output");
        }
        fixedTable(to, op);
    }

    private static void fixedTable(Lowering to, Dequantize op) {
        float[] table = table(op);
        float low = 0;
        float high = 0;
        for (float v : table) {
            low = Math.min(low, v);
            high = Math.max(high, v);
        }
        if (!(low >= -1 && high <= 1)) {
            throw new NotSupported(
                    "the function at the end gives "
                            + low
                            + " to "
                            + high
                            + ", TFLite fixes a grid for results within -1 to 1 only; use a float"
                            + " output");
        }
        float scale = low < 0 ? TANH_SCALE : SIGMOID_SCALE;
        int zeroPoint = low < 0 ? 0 : Byte.MIN_VALUE;
        TfGraph.Scales scales = TfGraph.Scales.of(scale, zeroPoint);
        byte[] levels = new byte[table.length];
        for (int i = 0; i < levels.length; i++) {
            double level = Math.rint(table[i] / scale) + zeroPoint;
            levels[i] = (byte) Math.max(Byte.MIN_VALUE, Math.min(Byte.MAX_VALUE, level));
        }
        int constant =
                to.graph().bytes(op.name() + "/table", List.of(levels.length), levels, scales);
        int result =
                to.graph()
                        .tensor(
                                op.output().name(),
                                org.tensorflow.lite.schema.TensorType.INT8,
                                Layout.shape(op.output()),
                                scales);
        int index = TableLowering.index(to, op.name(), op.input(), 1);
        to.graph().node(TfOp.GATHER, Options.GATHER_ROWS, result, constant, index);
        to.alias(op.output(), result);
    }

    /** Rows of a table for indices that come as floats. */
    static void embedding(Lowering to, Embedding op) {
        TensorType out = op.output();
        int n = out.size(0);
        Int8Grid grid = Int8Grid.of(out);
        byte[] rows = new byte[Math.multiplyExact(op.vocabulary(), n)];
        for (int r = 0; r < op.vocabulary(); r++) {
            int[] row = op.row(r);
            for (int i = 0; i < n; i++) {
                rows[r * n + i] = (byte) (row[i] - grid.offset());
            }
        }
        int constant =
                to.graph()
                        .bytes(
                                op.name() + "/rows",
                                List.of(op.vocabulary(), n),
                                rows,
                                grid.scales());
        int whole = to.int32(op.name() + "/index", Layout.shape(op.input()));
        to.graph()
                .node(
                        TfOp.CAST,
                        Options.cast(
                                org.tensorflow.lite.schema.TensorType.FLOAT32,
                                org.tensorflow.lite.schema.TensorType.INT32),
                        whole,
                        to.tensor(op.input()));
        int steps = out.elements() / n;
        int flat = to.int32(op.name() + "/steps", List.of(steps));
        ShapeLowering.reshape(to, op.name() + "/flat", whole, flat);
        int gathered = to.int8(op.name() + "/gathered", out, List.of(steps, n));
        to.graph().node(TfOp.GATHER, Options.GATHER_ROWS, gathered, constant, flat);
        ShapeLowering.reshape(to, op.name(), gathered, to.tensor(out));
    }
}
