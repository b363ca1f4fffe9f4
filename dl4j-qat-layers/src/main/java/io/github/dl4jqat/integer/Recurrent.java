package io.github.dl4jqat.integer;

import io.github.dl4jqat.kernels.LstmCell;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Optional;

/**
 * A recurrent layer over a sequence, {@code [I, T]} to {@code [O, T]}, from a state of zeros. What
 * happens at each time step says {@link RecurrentCell}. A sequence that is shorter than {@code T}
 * is padded at its end, with anything: what comes out before the padding does not depend on it.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input sequence of integers
 * @param output sequence of integers
 * @param cell the arithmetic of a time step
 */
public record Recurrent(String name, TensorType input, TensorType output, RecurrentCell cell)
        implements IntegerOp {

    private static final String TYPE = "Recurrent";
    private static final int SEQUENCE_RANK = 2;

    /** Checks shapes and parameters. */
    public Recurrent {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        if (input.rank() != SEQUENCE_RANK || input.size(0) != cell.inputs()) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "input "
                            + input
                            + " is no sequence for the cell, expected ["
                            + cell.inputs()
                            + ", time]");
        }
        OpChecks.shape(TYPE, name, output, List.of(cell.units(), input.size(1)));
        sameGrid(name, "input", input, cell.input());
        sameGrid(name, "output", output, cell.output());
    }

    private static void sameGrid(String name, String what, TensorType tensor, QuantParams cell) {
        if (!tensor.params().equals(cell)) {
            throw OpChecks.error(
                    TYPE, name, what + " has " + tensor.params() + ", but the cell is for " + cell);
        }
    }

    /** How many time steps there are. */
    public int steps() {
        return input.size(1);
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }

    @Override
    public Optional<Requantization> requantization() {
        return Optional.of(cell.mode());
    }

    /** The weights of the input, {@code [gates * O, I]}; the cell has those of its own output. */
    @Override
    public Optional<Weights> constants() {
        return Optional.of(
                Weights.of(
                        cell.weights().params(),
                        List.of(cell.weights().rows(), cell.weights().columns()),
                        cell.weights().values(),
                        cell.bias()));
    }

    @Override
    public long parameters() {
        long peepholes = cell instanceof LstmCell lstm && lstm.peepholes() != null ? 3L : 0;
        return (long) cell.weights().rows() * (cell.inputs() + cell.units() + 1)
                + peepholes * cell.units();
    }

    @Override
    public long constantBytes() {
        long bytes = constants().map(Weights::bytes).orElse(0L) + cell.recurrent().bytes();
        return cell instanceof LstmCell lstm && lstm.peepholes() != null
                ? bytes + lstm.peepholes().bytes()
                : bytes;
    }
}
