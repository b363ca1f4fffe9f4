package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;

/**
 * A leaky ReLU with learned slopes, on integers: {@code x} where it is not negative, else {@code
 * alpha * x}. The evaluation pass and the converter both come here.
 */
public final class PReluTable {

    private PReluTable() {}

    /** The integer of the output for one of the input. */
    public static int integer(int q, float alpha, QuantParams input, QuantParams output) {
        float x = input.dequantize(q, 0);
        return output.quantize(x < 0 ? alpha * x : x, 0);
    }

    /** The integers of the output for all of the input, from {@code qMin} to {@code qMax}. */
    public static int[] table(float alpha, QuantParams input, QuantParams output) {
        int[] table = new int[input.spec().qMax() - input.spec().qMin() + 1];
        for (int i = 0; i < table.length; i++) {
            table[i] = integer(input.spec().qMin() + i, alpha, input, output);
        }
        return table;
    }
}
