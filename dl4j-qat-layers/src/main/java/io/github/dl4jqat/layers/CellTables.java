package io.github.dl4jqat.layers;

import io.github.dl4jqat.kernels.CellTable;
import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayDeque;
import java.util.Deque;
import org.nd4j.linalg.activations.IActivation;

/**
 * The tables of the functions inside a recurrent cell. A table over 16 bits has 65536 entries, so
 * the last few are kept for as long as the grid of their argument stays the same. Belongs to one
 * running layer; not thread-safe.
 */
final class CellTables {

    /** Gates, activation before the memory, activation of the memory, and the output's. */
    private static final int KEPT = 4;

    private final Deque<Made<CellTable>> inner = new ArrayDeque<>();
    private final Deque<Made<int[]>> last = new ArrayDeque<>();

    private record Made<T>(IActivation f, QuantParams from, QuantParams to, T table) {
        boolean is(IActivation function, QuantParams argument, QuantParams result) {
            return f == function
                    && from.equals(argument)
                    && (to == null ? result == null : to.equals(result));
        }
    }

    private interface Maker<T> {
        T make();
    }

    /** A function that stays inside the cell. */
    CellTable inside(IActivation f, QuantParams from) {
        return found(inner, f, from, null, () -> CellTable.of(ActivationTable.values(f, from)));
    }

    /** A function from integers to those of a tensor. */
    int[] between(IActivation f, QuantParams from, QuantParams to) {
        return found(last, f, from, to, () -> ActivationTable.table(f, from, to));
    }

    private static <T> T found(
            Deque<Made<T>> kept, IActivation f, QuantParams from, QuantParams to, Maker<T> maker) {
        for (Made<T> made : kept) {
            if (made.is(f, from, to)) {
                return made.table();
            }
        }
        T table = maker.make();
        kept.addFirst(new Made<>(f, from, to, table));
        if (kept.size() > KEPT) {
            kept.removeLast();
        }
        return table;
    }
}
