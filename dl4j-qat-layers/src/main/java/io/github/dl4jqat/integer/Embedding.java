package io.github.dl4jqat.integer;

import java.util.List;

/**
 * A row of a table for each index: a network input of floats, cut to whole numbers, picks integers
 * that are on the grid of the output already.
 *
 * <pre>
 *   q_out[i]    = table[(int) x][i]          input [1], output [n]
 *   q_out[i, t] = table[(int) x[t]][i]       input [T] or [1, T], output [n, T]
 * </pre>
 *
 * An index that is not a number or outside {@code 0 .. vocabulary - 1} is an {@link
 * IllegalArgumentException} when the network runs.
 *
 * <p>Immutable and thread-safe.
 */
public final class Embedding implements IntegerOp {

    private static final String TYPE = "Embedding";

    private final String name;
    private final TensorType input;
    private final TensorType output;
    private final LevelTable table;

    /**
     * Checks and copies.
     *
     * @param name layer name
     * @param input an input of the model
     * @param output integers {@code [n]} or {@code [n, T]}
     * @param table a row of {@code n} integers of the output for each index
     */
    public Embedding(String name, TensorType input, TensorType output, int[][] table) {
        this(name, input, output, PackedLevels.of(joined(name, output, table)));
    }

    private static int[] joined(String name, TensorType output, int[][] table) {
        int n = output.size(0);
        int[] all = new int[Math.multiplyExact(table.length, n)];
        for (int row = 0; row < table.length; row++) {
            if (table[row].length != n) {
                throw OpChecks.error(
                        TYPE,
                        name,
                        "row "
                                + row
                                + " of the table has "
                                + table[row].length
                                + " integers, expected "
                                + n
                                + " for "
                                + output);
            }
            System.arraycopy(table[row], 0, all, row * n, n);
        }
        return all;
    }

    /** The rows one after the other. */
    Embedding(String name, TensorType input, TensorType output, PackedLevels table) {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, input);
        OpChecks.integers(TYPE, name, output);
        boolean sequence = output.rank() == 2;
        int steps = sequence ? output.size(1) : 1;
        List<Integer> expected = List.of(output.size(0), steps);
        OpChecks.shape(TYPE, name, output, sequence ? expected : expected.subList(0, 1));
        if (!input.shape().equals(List.of(steps)) && !input.shape().equals(List.of(1, steps))) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "input " + input + " does not hold an index for each step of " + output);
        }
        if (table.count() == 0 || table.count() % output.size(0) != 0) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    table.count() + " integers are no table with rows of " + output.size(0));
        }
        this.name = name;
        this.input = input;
        this.output = output;
        this.table = new LevelTable(TYPE + " '" + name + "'", output.params().spec(), table);
    }

    /** The indices. */
    public TensorType input() {
        return input;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }

    @Override
    public TensorType output() {
        return output;
    }

    /** How many rows the table has. */
    public int vocabulary() {
        return table.size() / output.size(0);
    }

    /** The integers of an index. */
    public int[] row(int index) {
        if (index < 0 || index >= vocabulary()) {
            throw outside(Integer.toString(index), "");
        }
        int n = output.size(0);
        int[] row = new int[n];
        for (int i = 0; i < n; i++) {
            row[i] = table.get(index * n + i);
        }
        return row;
    }

    /** All rows one after the other. */
    LevelTable table() {
        return table;
    }

    /** The indices of {@code examples} examples from {@code from} on, all within the table. */
    int[] indices(TensorData x, int from, int examples) {
        int steps = input.elements();
        int[] indices = new int[Math.multiplyExact(examples, steps)];
        for (int i = 0; i < indices.length; i++) {
            double value = x.real(from * steps + i);
            int index = (int) value;
            if (Double.isNaN(value) || index < 0 || index >= vocabulary()) {
                throw outside(
                        Double.toString(value),
                        " at element " + i % steps + " of example " + (from + i / steps));
            }
            indices[i] = index;
        }
        return indices;
    }

    private IllegalArgumentException outside(String index, String where) {
        return OpChecks.error(
                TYPE,
                name,
                "index "
                        + index
                        + where
                        + " is not within 0.."
                        + (vocabulary() - 1)
                        + ", the table has "
                        + vocabulary()
                        + " rows");
    }

    /** Writes the integers of {@code examples} examples. */
    void apply(int[] indices, int[] q, int examples) {
        int n = output.size(0);
        int steps = input.elements();
        for (int e = 0; e < examples; e++) {
            for (int t = 0; t < steps; t++) {
                int row = indices[e * steps + t] * n;
                for (int i = 0; i < n; i++) {
                    q[(e * n + i) * steps + t] = table.get(row + i);
                }
            }
        }
    }

    @Override
    public long constantBytes() {
        return table.bytes();
    }

    @Override
    public long parameters() {
        return table.size();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Embedding other
                && name.equals(other.name)
                && input.equals(other.input)
                && output.equals(other.output)
                && table.equals(other.table);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * name.hashCode() + output.hashCode()) + table.hashCode();
    }

    @Override
    public String toString() {
        return "Embedding["
                + name
                + ", "
                + input
                + " -> "
                + output
                + ", "
                + vocabulary()
                + " rows]";
    }
}
