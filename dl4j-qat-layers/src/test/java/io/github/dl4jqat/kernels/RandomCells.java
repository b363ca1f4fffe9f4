package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;

/** Recurrent cells with random weights, for tests. */
public final class RandomCells {

    public static final QuantParams INPUT = QuantParams.of(Quantizers.uint8PerTensor(), 0.017f, 93);
    public static final QuantParams OUTPUT =
            QuantParams.of(Quantizers.uint8PerTensor(), 2f / 255, 128);
    public static final QuantParams BEFORE =
            QuantParams.of(Quantizers.int16PerTensor(), 6f / 32767, 0);
    public static final QuantParams MEMORY =
            QuantParams.of(Quantizers.int16PerTensor(), 3f / 32767, 0);

    private RandomCells() {}

    public static WeightRows rows(Random random, int rows, int columns, QuantSpec spec) {
        int[] values = new int[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = spec.qMin() + random.nextInt(spec.qMax() - spec.qMin() + 1);
        }
        boolean perTensor = spec.granularity().equals(Quantizers.int8PerTensor().granularity());
        float[] scales = new float[perTensor ? 1 : rows];
        for (int c = 0; c < scales.length; c++) {
            scales[c] = (0.1f + 0.2f * random.nextFloat()) / spec.qMax();
        }
        return WeightRows.of(values, columns, QuantParams.of(spec, scales, 0));
    }

    /** A function's values over all integers of its argument. */
    public static float[] values(DoubleUnaryOperator f, QuantParams p) {
        float[] values = new float[p.spec().qMax() - p.spec().qMin() + 1];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) f.applyAsDouble(p.dequantize(p.spec().qMin() + i, 0));
        }
        return values;
    }

    public static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    public static LstmCell lstm(
            Random random,
            int inputs,
            int units,
            QuantSpec weights,
            boolean peepholes,
            Requantization mode) {
        int[] bias = new int[4 * units];
        for (int c = 0; c < bias.length; c++) {
            bias[c] = random.nextInt(20_001) - 10_000;
        }
        return LstmCell.builder(mode)
                .tensors(INPUT, OUTPUT)
                .grids(BEFORE, MEMORY)
                .weights(rows(random, 4 * units, inputs, weights), bias)
                .recurrent(rows(random, 4 * units, units, weights))
                .peepholes(peepholes ? rows(random, 3, units, Quantizers.int16PerTensor()) : null)
                .functions(
                        CellTable.of(values(RandomCells::sigmoid, BEFORE)),
                        CellTable.of(values(Math::tanh, BEFORE)),
                        CellTable.of(values(Math::tanh, MEMORY)))
                .build();
    }

    public static SimpleRnnCell simple(
            Random random, int inputs, int units, QuantSpec weights, Requantization mode) {
        int[] bias = new int[units];
        for (int c = 0; c < bias.length; c++) {
            bias[c] = random.nextInt(20_001) - 10_000;
        }
        float[] values = values(Math::tanh, BEFORE);
        int[] table = new int[values.length];
        for (int i = 0; i < table.length; i++) {
            table[i] = OUTPUT.quantize(values[i], 0);
        }
        return new SimpleRnnCell(
                rows(random, units, inputs, weights),
                rows(random, units, units, weights),
                bias,
                INPUT,
                OUTPUT,
                BEFORE,
                table,
                mode);
    }
}
