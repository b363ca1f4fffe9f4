package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Softmax;
import java.util.Arrays;
import java.util.List;

/**
 * From integers to floats, where a network ends and before a {@link FloatOp}: {@code y = values[q -
 * qMin]}, elementwise, and then, at an end only and where asked for, the softmax over the channels,
 * which are the first axis, at each position of the others: over all of a vector {@code [C]}, at
 * each step of a sequence {@code [C, T]}, at each pixel of an image {@code [C, H, W]}. The table
 * holds dequantized numbers or those after any elementwise function, so that a network may end in
 * any such activation without code for it.
 *
 * <p>Immutable and thread-safe.
 */
public final class Dequantize implements IntegerOp {

    private static final String TYPE = "Dequantize";

    private final String name;
    private final TensorType input;
    private final TensorType output;
    private final float[] values;
    private final boolean softmax;

    /**
     * Checks and copies.
     *
     * @param name layer name
     * @param input integers
     * @param output floats of the same shape
     * @param values one float for each integer of the input's range, from {@code qMin} on
     * @param softmax whether the softmax over the first axis follows
     */
    public Dequantize(
            String name, TensorType input, TensorType output, float[] values, boolean softmax) {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input);
        if (!output.isFloat()) {
            throw OpChecks.error(TYPE, name, "output " + output + " is not float");
        }
        OpChecks.shape(TYPE, name, output, input.shape());
        int levels = Lookup.levels(input.params());
        if (values.length != levels) {
            throw OpChecks.error(
                    TYPE, name, values.length + " values for " + levels + " integers of " + input);
        }
        this.name = name;
        this.input = input;
        this.output = output;
        this.values = values.clone();
        this.softmax = softmax;
    }

    /** The end without an activation function: {@code y = (q - zeroPoint) * scale}. */
    public static Dequantize linear(
            String name, TensorType input, TensorType output, boolean softmax) {
        OpChecks.integers(TYPE, name, input);
        QuantParams params = input.params();
        float[] values = new float[Lookup.levels(params)];
        for (int i = 0; i < values.length; i++) {
            values[i] = params.dequantize(params.spec().qMin() + i, 0);
        }
        return new Dequantize(name, input, output, values, softmax);
    }

    /** The integers. */
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
    public float[] values() {
        return values.clone();
    }

    /** Whether the softmax over the first axis follows. */
    public boolean softmax() {
        return softmax;
    }

    /** Turns {@code examples} examples of {@code q} from {@code from} on into floats. */
    void apply(int[] q, int from, float[] y, int to, int examples) {
        int n = input.elements();
        int qMin = input.params().spec().qMin();
        for (int i = 0; i < examples * n; i++) {
            y[to + i] = values[q[from + i] - qMin];
        }
        if (softmax) {
            int channels = input.size(0);
            int positions = n / channels;
            for (int e = 0; e < examples; e++) {
                for (int p = 0; p < positions; p++) {
                    Softmax.apply(y, to + e * n + p, channels, positions);
                }
            }
        }
    }

    @Override
    public boolean equals(Object o) {
        if (!(o instanceof Dequantize other)) {
            return false;
        }
        return name.equals(other.name)
                && input.equals(other.input)
                && output.equals(other.output)
                && softmax == other.softmax
                && Arrays.equals(values, other.values);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * name.hashCode() + output.hashCode()) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "Dequantize[" + name + ", " + input + " -> " + output + ", softmax=" + softmax + "]";
    }
}
