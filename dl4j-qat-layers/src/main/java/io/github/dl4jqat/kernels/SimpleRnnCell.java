package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Requantization;
import java.util.Arrays;

/**
 * A plain recurrent layer on integers:
 *
 * <pre>
 *   z   = clamp(requant(bias + W (x - zero_x)) + requant(R (h - zero_h)))
 *   h'  = table[z - qMin]
 * </pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class SimpleRnnCell implements RecurrentCell {

    private static final String WHO = "SimpleRnnCell";

    private final GateSums sums;
    private final QuantParams input;
    private final QuantParams output;
    private final QuantParams preActivation;
    private final int[] table;
    private final Requantization mode;

    /**
     * Checks and copies.
     *
     * @param weights {@code [units, inputs]}
     * @param recurrent {@code [units, units]}
     * @param bias one for each unit, at the scale {@code inputScale * weightScale[c]}
     * @param preActivation signed, zero point 0
     * @param table the output's integer for each integer before the activation function
     * @throws IllegalArgumentException if the parts do not fit, or an accumulator could overflow
     */
    public SimpleRnnCell(
            WeightRows weights,
            WeightRows recurrent,
            int[] bias,
            QuantParams input,
            QuantParams output,
            QuantParams preActivation,
            int[] table,
            Requantization mode) {
        sums = new GateSums(WHO, weights, recurrent, bias, input, output, preActivation, mode);
        if (recurrent.rows() != recurrent.columns()) {
            throw new IllegalArgumentException(
                    WHO + ": recurrent " + recurrent + " should be square");
        }
        QuantSpec spec = preActivation.spec();
        if (table.length != spec.qMax() - spec.qMin() + 1) {
            throw new IllegalArgumentException(
                    WHO
                            + ": a table of "
                            + table.length
                            + " entries for the "
                            + (spec.qMax() - spec.qMin() + 1)
                            + " integers of "
                            + preActivation);
        }
        for (int q : table) {
            if (q < output.spec().qMin() || q > output.spec().qMax()) {
                throw new IllegalArgumentException(
                        WHO + ": table entry " + q + " is no integer of " + output);
            }
        }
        this.input = input;
        this.output = output;
        this.preActivation = preActivation;
        this.table = table.clone();
        this.mode = mode;
    }

    @Override
    public int inputs() {
        return sums.weights().columns();
    }

    @Override
    public int units() {
        return sums.rows();
    }

    @Override
    public QuantParams input() {
        return input;
    }

    @Override
    public QuantParams output() {
        return output;
    }

    @Override
    public QuantParams preActivation() {
        return preActivation;
    }

    @Override
    public Requantization mode() {
        return mode;
    }

    @Override
    public WeightRows weights() {
        return sums.weights();
    }

    @Override
    public WeightRows recurrent() {
        return sums.recurrent();
    }

    @Override
    public int[] bias() {
        return sums.bias();
    }

    /** A copy of the table from the integers before the activation function to the output's. */
    public int[] table() {
        return table.clone();
    }

    @Override
    public CellState zeroState(int examples) {
        return CellState.zero(examples * units(), output.zeroPoint(), false);
    }

    @Override
    public void run(int[] x, int[] y, int steps, int[] keep, CellState state, int from, int to) {
        int examples = to - from;
        int[][] xt = new int[examples][inputs()];
        int[][] h = new int[examples][units()];
        int[][] z = new int[examples][units()];
        int low = preActivation.spec().qMin();
        int high = preActivation.spec().qMax();
        Sequences.read(state.output(), from, output.zeroPoint(), h);
        for (int t = 0; t < steps; t++) {
            Sequences.read(x, from, t, steps, input.zeroPoint(), xt);
            sums.compute(xt, h, z);
            for (int e = 0; e < examples; e++) {
                if (keep != null && keep[(from + e) * steps + t] == 0) {
                    Arrays.fill(h[e], 0);
                    continue;
                }
                for (int c = 0; c < h[e].length; c++) {
                    int q = table[Math.max(low, Math.min(high, z[e][c])) - low];
                    h[e][c] = q - output.zeroPoint();
                }
            }
            Sequences.write(h, output.zeroPoint(), y, from, t, steps);
        }
        Sequences.write(h, output.zeroPoint(), state.output(), from);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof SimpleRnnCell other
                && sums.equals(other.sums)
                && input.equals(other.input)
                && output.equals(other.output)
                && preActivation.equals(other.preActivation)
                && mode == other.mode
                && Arrays.equals(table, other.table);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * sums.hashCode() + output.hashCode()) + Arrays.hashCode(table);
    }

    @Override
    public String toString() {
        return "plain recurrent cell of " + units() + " units, " + weights();
    }
}
