package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;

/**
 * The integer arithmetic of a recurrent layer: what its evaluation pass and the integer model both
 * run. Sequences are {@code [example, feature, time]}, row-major.
 *
 * <p>Implementations are immutable, compare by value, and are thread-safe.
 */
public sealed interface RecurrentCell permits LstmCell, SimpleRnnCell {

    /**
     * Where each part of a sum is clamped, on both sides: far outside any grid, and small enough
     * for sums of three to be exact in a float.
     */
    int PART_LIMIT = 1 << 22;

    /** Features of the input. */
    int inputs();

    /** Features of the output. */
    int units();

    /** What the integers of the input mean. */
    QuantParams input();

    /** What the integers of the output mean, which is also what the cell reads back. */
    QuantParams output();

    /** What the integers before the activation functions mean. */
    QuantParams preActivation();

    /** How accumulators are scaled. */
    Requantization mode();

    /** {@code [gates * units, inputs]}. */
    WeightRows weights();

    /** {@code [gates * units, units]}. */
    WeightRows recurrent();

    /** One for each row of the weights, at the scale of its accumulator. */
    int[] bias();

    /** A state that stands for zeros. */
    CellState zeroState(int examples);

    /**
     * Runs some examples of a batch through all time steps.
     *
     * @param x the input's integers, {@code [examples, inputs, steps]}
     * @param y receives the output's, {@code [examples, units, steps]}
     * @param keep {@code [examples, steps]}, zero where a time step is masked: there the output
     *     stands for zero, and what is carried on too; null if all count
     * @param state where the examples stand before and after
     * @param from first example
     * @param to behind the last example
     */
    void run(int[] x, int[] y, int steps, int[] keep, CellState state, int from, int to);
}
