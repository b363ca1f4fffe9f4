package io.github.dl4jqat.kernels;

/**
 * Rounding up or down at random, with the probabilities that keep the mean:
 *
 * <pre>
 *   p = clamp(x / scale, low, high)           between the levels a and b, b the next
 *   k = b with probability (p - a) / (b - a), else a
 *   y = k * scale
 * </pre>
 *
 * The random number of an element depends on the key and its place in the tensor. A position within
 * rounding errors of a level is on it, so values of the grid stay what they are.
 *
 * <p>{@link #levels} rounds to the nearest. The gradient is clipped.
 *
 * @param key of the tensor in this iteration; see {@link CounterRandom}
 */
public record StochasticKernel(long key) implements RangeClipped {

    /** Twice the relative error that a product and a division leave. */
    private static final double FLOAT_SLACK = 0x1p-22;

    private static final double DOUBLE_SLACK = 0x1p-51;

    @Override
    public void forward(KernelRun run) {
        double slack = run.single ? FLOAT_SLACK : DOUBLE_SLACK;
        long index = run.index;
        for (int i = run.from; i < run.to; i++) {
            double position = run.grid.clamp(run.position(run.x[i]));
            double random = CounterRandom.uniform(key, index++);
            run.out[i] = run.real(level(run.grid, position, random, slack));
        }
    }

    private static double level(Grid grid, double position, double random, double slack) {
        double nearest = grid.level(position);
        if (Math.abs(position - nearest) <= slack * Math.abs(position)) {
            return nearest;
        }
        double spacing = grid.spacing();
        double steps = (position - grid.low()) / spacing;
        double down = Math.floor(steps);
        return grid.low() + spacing * (random < steps - down ? down + 1 : down);
    }

    @Override
    public void backward(KernelRun run) {
        RangeMask.backward(run);
    }

    @Override
    public boolean ordered() {
        return true;
    }
}
