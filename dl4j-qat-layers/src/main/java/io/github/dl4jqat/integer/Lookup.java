package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.Arrays;
import java.util.List;

/**
 * An elementwise function as a table: {@code q_out = table[q - qMin]}. Exact for any activation
 * function, because a tensor has few integers. Where the function differs from channel to channel,
 * as that of a PReLU does, there is one table for each index of axis 0: {@code q_out[c, ...] =
 * table[c * levels + q[c, ...] - qMin]}.
 *
 * <p>Immutable and thread-safe.
 */
public final class Lookup implements IntegerOp {

    private static final String TYPE = "Lookup";

    private final String name;
    private final TensorType input;
    private final TensorType output;
    private final int[] table;

    /**
     * Checks and copies.
     *
     * @param name layer name
     * @param input integers
     * @param output integers of the same shape
     * @param table one integer of the output for each of the input's range, from {@code qMin} on;
     *     odd ones if the output is mid-rise; or as many for each index of axis 0, one table after
     *     the other
     */
    public Lookup(String name, TensorType input, TensorType output, int[] table) {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.shape(TYPE, name, output, input.shape());
        int levels = levels(input.params());
        if (table.length != levels && table.length != (long) levels * input.size(0)) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    table.length
                            + " entries for "
                            + levels
                            + " integers of "
                            + input
                            + "; give a table for all, or one for each of the "
                            + input.size(0)
                            + " channels");
        }
        QuantSpec spec = output.params().spec();
        for (int i = 0; i < table.length; i++) {
            OpChecks.level(TYPE + " '" + name + "'", "entry", i, table[i], spec);
        }
        this.name = name;
        this.input = input;
        this.output = output;
        this.table = table.clone();
    }

    /** One table for each index of axis 0. */
    public static Lookup perChannel(
            String name, TensorType input, TensorType output, int[][] tables) {
        int[] all = Arrays.stream(tables).flatMapToInt(Arrays::stream).toArray();
        OpChecks.integers(TYPE, name, input);
        for (int[] table : tables) {
            if (tables.length != input.size(0) || table.length != levels(input.params())) {
                throw OpChecks.error(
                        TYPE,
                        name,
                        tables.length
                                + " tables, one of them with "
                                + table.length
                                + " entries, for "
                                + levels(input.params())
                                + " integers on each of the "
                                + input.size(0)
                                + " channels of "
                                + input);
            }
        }
        return new Lookup(name, input, output, all);
    }

    /** How many integers a tensor has. */
    static int levels(QuantParams params) {
        return params.spec().qMax() - params.spec().qMin() + 1;
    }

    /** The tensor read. */
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

    /** A copy of the table, or of all tables one after the other. */
    public int[] table() {
        return table.clone();
    }

    /** How many tables there are: 1, or one for each index of axis 0. */
    public int tables() {
        return table.length / levels(input.params());
    }

    @Override
    public boolean equals(Object o) {
        if (!(o instanceof Lookup other)) {
            return false;
        }
        return name.equals(other.name)
                && input.equals(other.input)
                && output.equals(other.output)
                && Arrays.equals(table, other.table);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * name.hashCode() + output.hashCode()) + Arrays.hashCode(table);
    }

    @Override
    public String toString() {
        return "Lookup[" + name + ", " + input + " -> " + output + "]";
    }
}
