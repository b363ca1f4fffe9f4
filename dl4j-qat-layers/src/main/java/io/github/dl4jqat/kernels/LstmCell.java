package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;
import java.util.Objects;

/**
 * An LSTM on integers, with peephole connections or without:
 *
 * <pre>
 *   z_k  = clamp(requant(bias + W (x - zero_x)) + requant(R (h - zero_h)) + requant(p_k * c))
 *   i    = activation[z_i]    f = gate[z_f]    g = gate[z_g]
 *   c'   = clamp(requant(f * c) + requant(i * g))
 *   o    = gate[z_o]                                   its peephole looks at c', the others at c
 *   h'   = requant(o * memoryActivation[c'])
 * </pre>
 *
 * Rows of the weights come in four blocks of {@code units}: {@code i}, {@code f}, {@code o}, {@code
 * g}, as Deeplearning4j has them: there {@code i} is what other texts call the candidate and has
 * the layer's activation function, and {@code g} is what they call the input gate. {@code f},
 * {@code o} and {@code g} have peepholes, {@code i} has none.
 *
 * <p>Everything is int32: the constructor proves it for the sums; a product of two factors of at
 * most 2^15 is at most 2^30.
 *
 * <p>Immutable and thread-safe.
 */
public final class LstmCell implements RecurrentCell {

    private static final String WHO = "LstmCell";
    private static final int GATES = 4;
    private static final int PEEPHOLES = 3;
    private static final int INPUT = 0;
    private static final int FORGET = 1;
    private static final int OUTPUT = 2;
    private static final int MODULATION = 3;

    private final int units;
    private final QuantParams input;
    private final QuantParams output;
    private final QuantParams preActivation;
    private final QuantParams memory;
    private final CellTable gate;
    private final CellTable activation;
    private final CellTable memoryActivation;
    private final Requantization mode;
    private final WeightRows peepholes;
    private final GateSums sums;
    private final Requantizer fromPeephole;
    private final Requantizer kept;
    private final Requantizer added;
    private final Requantizer out;

    private LstmCell(Builder b) {
        input = b.input;
        output = b.output;
        preActivation = b.preActivation;
        memory = b.memory;
        gate = b.gate;
        activation = b.activation;
        memoryActivation = b.memoryActivation;
        mode = b.mode;
        peepholes = b.peepholes;
        GateSums.requireGrid(WHO, "the memory", memory);
        sums =
                new GateSums(
                        WHO, b.weights, b.recurrent, b.bias, input, output, preActivation, mode);
        units = b.recurrent.columns();
        if (sums.rows() != GATES * units) {
            throw new IllegalArgumentException(
                    WHO
                            + ": recurrent "
                            + b.recurrent
                            + "; expected four rows for each of its "
                            + units
                            + " columns");
        }
        gate.requireOver(preActivation, WHO + " gate");
        activation.requireOver(preActivation, WHO + " activation");
        memoryActivation.requireOver(memory, WHO + " memory activation");
        if (peepholes != null
                && (peepholes.rows() != PEEPHOLES
                        || peepholes.columns() != units
                        || peepholes.params().size() != 1)) {
            throw new IllegalArgumentException(
                    WHO
                            + ": peephole "
                            + peepholes
                            + "; expected three rows of "
                            + units
                            + " and one scale");
        }
        fromPeephole =
                peepholes == null
                        ? null
                        : GateSums.requantizer(mode, memory, peepholes, preActivation);
        kept = product(gate.scale(), memory.scale(), memory, -PART_LIMIT, PART_LIMIT);
        added = product(activation.scale(), gate.scale(), memory, -PART_LIMIT, PART_LIMIT);
        out =
                product(
                        gate.scale(),
                        memoryActivation.scale(),
                        output,
                        output.spec().qMin(),
                        output.spec().qMax());
    }

    private Requantizer product(float a, float b, QuantParams to, int low, int high) {
        return Requantizer.of(mode, a, new float[] {b}, to, low, high);
    }

    /** A cell in the making. */
    public static Builder builder(Requantization mode) {
        return new Builder(mode);
    }

    @Override
    public int inputs() {
        return sums.weights().columns();
    }

    @Override
    public int units() {
        return units;
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

    /** What the integers of the memory, the cell state, mean. */
    public QuantParams memory() {
        return memory;
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

    /** The peepholes of {@code f}, {@code o} and {@code g}, one row each, or null. */
    public WeightRows peepholes() {
        return peepholes;
    }

    /** The gates' function. */
    public CellTable gate() {
        return gate;
    }

    /** The activation function before the memory. */
    public CellTable activation() {
        return activation;
    }

    /** The same function of the memory. */
    public CellTable memoryActivation() {
        return memoryActivation;
    }

    @Override
    public CellState zeroState(int examples) {
        return CellState.zero(examples * units, output.zeroPoint(), true);
    }

    @Override
    public void run(int[] x, int[] y, int steps, int[] keep, CellState state, int from, int to) {
        int examples = to - from;
        int[][] xt = new int[examples][inputs()];
        int[][] h = new int[examples][units];
        int[][] c = new int[examples][units];
        int[][] z = new int[examples][GATES * units];
        Sequences.read(state.output(), from, output.zeroPoint(), h);
        Sequences.read(state.memory(), from, 0, c);
        for (int t = 0; t < steps; t++) {
            Sequences.read(x, from, t, steps, input.zeroPoint(), xt);
            sums.compute(xt, h, z);
            for (int e = 0; e < examples; e++) {
                if (keep != null && keep[(from + e) * steps + t] == 0) {
                    Arrays.fill(h[e], 0);
                    Arrays.fill(c[e], 0);
                } else {
                    step(z[e], c[e], h[e]);
                }
            }
            Sequences.write(h, output.zeroPoint(), y, from, t, steps);
        }
        Sequences.write(h, output.zeroPoint(), state.output(), from);
        Sequences.write(c, 0, state.memory(), from);
    }

    /** Overwrites memory and last output, both in steps, with the next ones. */
    private void step(int[] z, int[] c, int[] h) {
        for (int j = 0; j < units; j++) {
            int before = c[j];
            int i = activation.at(position(z[INPUT * units + j]));
            int f = gate.at(position(z[FORGET * units + j] + peephole(0, j, before)));
            int g = gate.at(position(z[MODULATION * units + j] + peephole(2, j, before)));
            int sum = kept.apply(f * before, 0) + added.apply(i * g, 0);
            int now = Math.max(memory.spec().qMin(), Math.min(memory.spec().qMax(), sum));
            int o = gate.at(position(z[OUTPUT * units + j] + peephole(1, j, now)));
            c[j] = now;
            h[j] =
                    out.apply(o * memoryActivation.at(now - memory.spec().qMin()), 0)
                            - output.zeroPoint();
        }
    }

    private int position(int z) {
        int low = preActivation.spec().qMin();
        return Math.max(low, Math.min(preActivation.spec().qMax(), z)) - low;
    }

    private int peephole(int row, int unit, int c) {
        return peepholes == null ? 0 : fromPeephole.apply(peepholes.get(row, unit) * c, 0);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof LstmCell other
                && sums.equals(other.sums)
                && input.equals(other.input)
                && output.equals(other.output)
                && preActivation.equals(other.preActivation)
                && memory.equals(other.memory)
                && gate.equals(other.gate)
                && activation.equals(other.activation)
                && memoryActivation.equals(other.memoryActivation)
                && mode == other.mode
                && Objects.equals(peepholes, other.peepholes);
    }

    @Override
    public int hashCode() {
        return Objects.hash(sums, output, memory, gate);
    }

    @Override
    public String toString() {
        return "LSTM cell of "
                + units
                + " units"
                + (peepholes == null ? ", " : " with peepholes, ")
                + weights();
    }

    /** Collects the parts of a cell; all but the peepholes are needed. Not thread-safe. */
    public static final class Builder {

        private final Requantization mode;
        private QuantParams input;
        private QuantParams output;
        private QuantParams preActivation;
        private QuantParams memory;
        private WeightRows weights;
        private WeightRows recurrent;
        private WeightRows peepholes;
        private int[] bias;
        private CellTable gate;
        private CellTable activation;
        private CellTable memoryActivation;

        private Builder(Requantization mode) {
            this.mode = Objects.requireNonNull(mode, "mode");
        }

        /** What the integers of input and output mean. */
        public Builder tensors(QuantParams from, QuantParams to) {
            input = from;
            output = to;
            return this;
        }

        /** The grids inside: before the activation functions, and of the memory. */
        public Builder grids(QuantParams beforeActivation, QuantParams ofMemory) {
            preActivation = beforeActivation;
            memory = ofMemory;
            return this;
        }

        /** {@code [4 units, inputs]}, and one bias for each row at its accumulator's scale. */
        public Builder weights(WeightRows rows, int[] biases) {
            weights = rows;
            bias = biases;
            return this;
        }

        /** {@code [4 units, units]}. */
        public Builder recurrent(WeightRows rows) {
            recurrent = rows;
            return this;
        }

        /** {@code [3, units]} with one scale, or null for none. */
        public Builder peepholes(WeightRows rows) {
            peepholes = rows;
            return this;
        }

        /** The functions of gates, of the candidate, and of the memory. */
        public Builder functions(CellTable ofGates, CellTable ofInput, CellTable ofMemory) {
            gate = ofGates;
            activation = ofInput;
            memoryActivation = ofMemory;
            return this;
        }

        /**
         * The cell.
         *
         * @throws IllegalArgumentException if the parts do not fit, or an accumulator could
         *     overflow
         */
        public LstmCell build() {
            return new LstmCell(this);
        }
    }
}
