package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.Arrays;
import java.util.List;

/**
 * An elementwise function as a table: {@code q_out = table[q - qMin]}. Exact for any activation
 * function, because a tensor has few integers.
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
     *     odd ones if the output is mid-rise
     */
    public Lookup(String name, TensorType input, TensorType output, int[] table) {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.shape(TYPE, name, output, input.shape());
        if (table.length != levels(input.params())) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    table.length
                            + " entries for "
                            + levels(input.params())
                            + " integers of "
                            + input);
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

    /** A copy of the table. */
    public int[] table() {
        return table.clone();
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
