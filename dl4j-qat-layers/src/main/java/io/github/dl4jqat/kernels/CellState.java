package io.github.dl4jqat.kernels;

import java.util.Arrays;

/**
 * What a recurrent cell carries from one time step to the next, for several examples: the integers
 * of its last output and, for an LSTM, of its memory; row-major with the example first. A cell
 * reads and overwrites it. Not thread-safe, but different examples may be worked on by different
 * threads.
 */
public final class CellState {

    private final int[] output;
    private final int[] memory;

    /** Takes the arrays over without a copy; {@code memory} is null for a cell that has none. */
    public CellState(int[] output, int[] memory) {
        this.output = output;
        this.memory = memory;
    }

    /** The state before the first time step, which stands for zero. */
    static CellState zero(int elements, int outputZero, boolean withMemory) {
        int[] output = new int[elements];
        Arrays.fill(output, outputZero);
        return new CellState(output, withMemory ? new int[elements] : null);
    }

    /** The last output's integers; the array itself. */
    public int[] output() {
        return output;
    }

    /** The memory's integers, of zero point 0; the array itself, or null. */
    public int[] memory() {
        return memory;
    }
}
