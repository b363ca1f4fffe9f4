package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Optional;

/**
 * A fully connected layer, {@code [I]} to {@code [O]}:
 *
 * <pre>
 *   acc[o] = bias[o] + sum over i of w[o, i] * (q[i] - z_in)
 *   q_out = requantize(acc, o)
 * </pre>
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input vector of integers
 * @param output vector of integers
 * @param weights {@code [O, I]}
 * @param mode how accumulators are requantized
 * @param low smallest integer of the output: its {@code qMin}, or more for a clamping activation
 * @param high largest integer of the output
 */
public record Dense(
        String name,
        TensorType input,
        TensorType output,
        Weights weights,
        Requantization mode,
        int low,
        int high)
        implements IntegerOp {

    private static final String TYPE = "Dense";

    /** Checks shapes and parameters. */
    public Dense {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        if (input.rank() != 1) {
            throw OpChecks.error(
                    TYPE, name, "input " + input + " is not a vector; reshape it to one before");
        }
        List<Integer> expected = List.of(weights.channels(), input.elements());
        if (!weights.shape().equals(expected)) {
            throw OpChecks.error(
                    TYPE, name, "weights are " + weights.shape() + ", but should be " + expected);
        }
        OpChecks.shape(TYPE, name, output, List.of(weights.channels()));
        OpChecks.requantizer(TYPE, name, mode, input, weights.params().scales(), output, low, high);
    }

    /** A layer with the whole range of the output. */
    public static Dense of(
            String name,
            TensorType input,
            TensorType output,
            Weights weights,
            Requantization mode) {
        OpChecks.integers(TYPE, name, input, output);
        return new Dense(
                name,
                input,
                output,
                weights,
                mode,
                output.params().spec().qMin(),
                output.params().spec().qMax());
    }

    /** From accumulators to integers of the output; its channel is the output index. */
    public Requantizer requantizer() {
        return OpChecks.requantizer(
                TYPE, name, mode, input, weights.params().scales(), output, low, high);
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }

    @Override
    public Optional<Requantization> requantization() {
        return Optional.of(mode);
    }

    @Override
    public Optional<Weights> constants() {
        return Optional.of(weights);
    }
}
