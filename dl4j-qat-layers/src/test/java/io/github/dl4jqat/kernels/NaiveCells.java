package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.FixedPointMultiplier;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;

/**
 * The formulas of recurrent cells once more, for one example and with nothing shared: long sums,
 * one time step after the other, integers with their zero points.
 */
public final class NaiveCells {

    private static final int LIMIT = 1 << 22;

    private NaiveCells() {}

    /** The output {@code [unit][time]} of a sequence {@code [input][time]}. */
    public static int[][] run(RecurrentCell cell, int[][] x, boolean[] keep) {
        int steps = x[0].length;
        int n = cell.units();
        int[][] y = new int[n][steps];
        int[] h = new int[n];
        java.util.Arrays.fill(h, cell.output().zeroPoint());
        int[] c = new int[n];
        for (int t = 0; t < steps; t++) {
            int[] next = new int[n];
            for (int u = 0; u < n; u++) {
                if (keep != null && !keep[t]) {
                    next[u] = cell.output().zeroPoint();
                    c[u] = 0;
                } else if (cell instanceof LstmCell lstm) {
                    next[u] = unit(lstm, x, t, h, c, u);
                } else {
                    SimpleRnnCell simple = (SimpleRnnCell) cell;
                    next[u] = simple.table()[at(sum(cell, x, t, h, u), cell.preActivation())];
                }
            }
            h = next;
            for (int u = 0; u < n; u++) {
                y[u][t] = h[u];
            }
        }
        return y;
    }

    private static int unit(LstmCell cell, int[][] x, int t, int[] h, int[] c, int u) {
        int n = cell.units();
        QuantParams z = cell.preActivation();
        long zi = sum(cell, x, t, h, u);
        long zf = sum(cell, x, t, h, n + u) + peephole(cell, 0, u, c[u]);
        long zo = sum(cell, x, t, h, 2 * n + u);
        long zg = sum(cell, x, t, h, 3 * n + u) + peephole(cell, 2, u, c[u]);
        long i = cell.activation().entries()[at(zi, z)];
        long f = cell.gate().entries()[at(zf, z)];
        long g = cell.gate().entries()[at(zg, z)];
        float memory = cell.memory().scale();
        float gate = cell.gate().scale();
        long kept = scaled(cell.mode(), f * c[u], gate, memory, memory);
        long added = scaled(cell.mode(), i * g, cell.activation().scale(), gate, memory);
        int now = (int) clamp(kept + added, cell.memory());
        zo += peephole(cell, 1, u, now);
        long o = cell.gate().entries()[at(zo, z)];
        long s = cell.memoryActivation().entries()[at(now, cell.memory())];
        c[u] = now;
        long out =
                scaled(
                        cell.mode(),
                        o * s,
                        gate,
                        cell.memoryActivation().scale(),
                        cell.output().scale());
        return (int) clamp(out + cell.output().zeroPoint(), cell.output());
    }

    private static long peephole(LstmCell cell, int row, int unit, int c) {
        if (cell.peepholes() == null) {
            return 0;
        }
        long product = (long) cell.peepholes().values()[row * cell.units() + unit] * c;
        return part(
                cell.mode(),
                product,
                cell.memory().scale(),
                cell.peepholes().params().scale(),
                cell.preActivation().scale());
    }

    private static long sum(RecurrentCell cell, int[][] x, int t, int[] h, int row) {
        long acc = cell.bias()[row];
        for (int i = 0; i < cell.inputs(); i++) {
            acc +=
                    (long) cell.weights().values()[row * cell.inputs() + i]
                            * (x[i][t] - cell.input().zeroPoint());
        }
        long back = 0;
        for (int u = 0; u < cell.units(); u++) {
            back +=
                    (long) cell.recurrent().values()[row * cell.units() + u]
                            * (h[u] - cell.output().zeroPoint());
        }
        float z = cell.preActivation().scale();
        return part(cell.mode(), acc, cell.input().scale(), cell.weights().params().scale(row), z)
                + part(
                        cell.mode(),
                        back,
                        cell.output().scale(),
                        cell.recurrent().params().scale(row),
                        z);
    }

    private static long part(Requantization mode, long acc, float a, float b, float to) {
        return Math.max(-LIMIT, Math.min(LIMIT, scaled(mode, acc, a, b, to)));
    }

    private static long scaled(Requantization mode, long acc, float a, float b, float to) {
        if (mode == Requantization.FIXED_POINT) {
            return FixedPointMultiplier.of((double) a * b / to).multiply(Math.toIntExact(acc));
        }
        float factor = a * b;
        factor = factor / to;
        return (long) Math.rint((float) Math.toIntExact(acc) * factor);
    }

    private static long clamp(long q, QuantParams p) {
        return Math.max(p.spec().qMin(), Math.min(p.spec().qMax(), q));
    }

    private static int at(long q, QuantParams p) {
        return (int) clamp(q, p) - p.spec().qMin();
    }
}
