package io.github.dl4jqat.kernels;

/**
 * A staircase of hyperbolic tangents over a stretch without a branch and without a call, one step
 * of the formula after the other over a block, so that each is vectorized. With {@code t} in
 * -0.5..0.5 where in its cell a position lies:
 *
 * <pre>
 *   e = exp(2 kappa t) = P(2 kappa t / 2^n)^(2^n)
 *   tanh(kappa t) = (e - 1) / (e + 1)         slope = peak * 4 e / (e + 1)^2
 * </pre>
 *
 * where P is the series of exp up to the seventh power and n is large enough for its argument to be
 * at most an eighth; that is exact to 1e-9.
 *
 * <p>A value above the range has {@code beyond = 1}, one below it -1, made of the distance to the
 * range as {@code min(1, distance * huge)}. A block with numbers that are not finite goes through
 * the same steps, but nothing is multiplied by zero.
 *
 * <p>Works in the memory of one {@link KernelRun}; not thread-safe.
 */
final class SoftSlopes {

    /** Elements that go through the steps at a time; what a run has memory for. */
    static final int BLOCK = 512;

    private static final int ARRAYS = 6;

    /** A kappa up to which no exponential comes near the largest double, nor its square. */
    private static final double LARGEST_KAPPA = 300;

    /** More than 1 divided by the distance of any two positions. */
    private static final double HUGE = 0x1p1000;

    private static final double LARGEST_ARGUMENT = 0.125;

    private final double kappa;
    private final double peak;
    private final int squarings;

    private final double[] p;
    private final double[] g;
    private final double[] beyond;
    private final double[] t;
    private final double[] e;
    private final double[] slope;

    /** Sums of gradients of values above and below the range. */
    double above;

    double below;

    /**
     * The slopes of one shape.
     *
     * @param peak the slope in the middle of a cell
     */
    SoftSlopes(KernelRun run, double kappa, double peak) {
        this.kappa = kappa;
        this.peak = peak;
        int n = 0;
        while (Math.scalb(kappa, -n) > LARGEST_ARGUMENT) {
            n++;
        }
        squarings = n;
        double[][] memory = run.memory(ARRAYS, BLOCK);
        p = memory[0];
        g = memory[1];
        beyond = memory[2];
        t = memory[3];
        e = memory[4];
        slope = memory[5];
    }

    /** Whether a shape is one for this class. */
    static boolean serves(double kappa) {
        return kappa <= LARGEST_KAPPA;
    }

    /** What becomes of a block. */
    interface Sums {
        /**
         * Adds up gradients of parameters.
         *
         * @param p positions, within the range
         * @param t where in their cells they lie
         * @param tanh of kappa t
         * @param slope at each
         * @param g gradient where the position was within the range, else 0
         * @param n elements of the block
         */
        void add(double[] p, double[] t, double[] tanh, double[] slope, double[] g, int n);
    }

    /**
     * The gradients of a stretch.
     *
     * @param sums null where there are no parameters
     */
    void backward(KernelRun run, Sums sums) {
        for (int from = run.from; from < run.to; from += BLOCK) {
            int n = Math.min(BLOCK, run.to - from);
            positions(run, from, n);
            System.arraycopy(run.grad, from, g, 0, n);
            inside(run, n);
            tangents(run.grid, n);
            slopes(n);
            if (sums != null) {
                sums.add(p, t, e, slope, g, n);
            }
            double[] out = run.out;
            for (int i = 0; i < n; i++) {
                out[from + i] = g[i] * slope[i] + 0.0;
            }
        }
    }

    /**
     * The staircase itself, {@code p + spacing (stretch * tanh / 2 - t)}.
     *
     * @param stretch what brings the tangent to 1 at a level
     */
    void forward(KernelRun run, double stretch) {
        Grid grid = run.grid;
        double low = grid.low();
        double high = grid.high();
        double spacing = grid.spacing();
        for (int from = run.from; from < run.to; from += BLOCK) {
            int n = Math.min(BLOCK, run.to - from);
            positions(run, from, n);
            System.arraycopy(p, 0, beyond, 0, n);
            for (int i = 0; i < n; i++) {
                p[i] = Math.max(low, Math.min(high, p[i]));
            }
            tangents(grid, n);
            slopes(n);
            for (int i = 0; i < n; i++) {
                boolean outside = beyond[i] < low || beyond[i] > high;
                p[i] = outside ? p[i] : p[i] + spacing * (stretch / 2 * e[i] - t[i]);
            }
            double[] out = run.out;
            if (run.single) {
                float scale = (float) run.scale;
                for (int i = 0; i < n; i++) {
                    out[from + i] = (float) p[i] * scale;
                }
            } else {
                double scale = run.scale;
                for (int i = 0; i < n; i++) {
                    out[from + i] = p[i] * scale;
                }
            }
        }
    }

    private void positions(KernelRun run, int from, int n) {
        double[] x = run.x;
        if (run.single) {
            float scale = (float) run.scale;
            for (int i = 0; i < n; i++) {
                p[i] = (float) x[from + i] / scale;
            }
        } else {
            double scale = run.scale;
            for (int i = 0; i < n; i++) {
                p[i] = x[from + i] / scale;
            }
        }
    }

    /** Clamps positions, and leaves gradients only where they were within the range. */
    private void inside(KernelRun run, int n) {
        double low = run.grid.low();
        double high = run.grid.high();
        double slack = run.slack();
        boolean finite = allFinite(n);
        for (int i = 0; i < n; i++) {
            double over = Math.max(0, p[i] - (high + slack));
            double under = Math.max(0, (low - slack) - p[i]);
            beyond[i] = Math.min(1, over * HUGE) - Math.min(1, under * HUGE);
            p[i] = Math.max(low, Math.min(high, p[i]));
        }
        if (!finite) {
            careful(low, n);
            return;
        }
        double up = 0;
        double down = 0;
        for (int i = 0; i < n; i++) {
            up += g[i] * Math.max(0, beyond[i]);
            down -= g[i] * Math.min(0, beyond[i]);
        }
        above += up;
        below += down;
        for (int i = 0; i < n; i++) {
            g[i] *= 1 - Math.abs(beyond[i]);
        }
    }

    /** Four sums that do not wait for each other; of zeros, unless something is not finite. */
    private boolean allFinite(int n) {
        double a = 0;
        double b = 0;
        int i = 0;
        for (; i + 1 < n; i += 2) {
            a += p[i] * 0 + g[i] * 0;
            b += p[i + 1] * 0 + g[i + 1] * 0;
        }
        if (i < n) {
            a += p[i] * 0 + g[i] * 0;
        }
        return a + b == 0;
    }

    /** A value that is no number gets no gradient, an endless gradient stays where it is. */
    private void careful(double low, int n) {
        for (int i = 0; i < n; i++) {
            if (Double.isNaN(p[i])) {
                p[i] = low;
                g[i] = 0;
            } else if (beyond[i] > 0) {
                above += g[i];
                g[i] = 0;
            } else if (beyond[i] < 0) {
                below += g[i];
                g[i] = 0;
            }
        }
    }

    /** {@code t} and, in {@code e}, the exponential. */
    private void tangents(Grid grid, int n) {
        double low = grid.low();
        double perCell = 1 / grid.spacing();
        double last = (grid.high() - low) * perCell - 1;
        for (int i = 0; i < n; i++) {
            double u = (p[i] - low) * perCell;
            t[i] = u - Math.max(0, Math.min(last, Math.floor(u))) - 0.5;
        }
        double factor = Math.scalb(2 * kappa, -squarings);
        for (int i = 0; i < n; i++) {
            double z = t[i] * factor;
            double r = 1 / 120. + z * (1 / 720. + z * (1 / 5040.));
            e[i] = 1 + z * (1 + z * (1 / 2. + z * (1 / 6. + z * (1 / 24. + z * r))));
        }
        for (int k = 0; k < squarings; k++) {
            for (int i = 0; i < n; i++) {
                e[i] *= e[i];
            }
        }
    }

    /** From exponentials to slopes and, in {@code e}, tangents. */
    private void slopes(int n) {
        double top = 4 * peak;
        for (int i = 0; i < n; i++) {
            double share = 1 / (e[i] + 1);
            slope[i] = top * e[i] * share * share;
            e[i] = (e[i] - 1) * share;
        }
    }
}
