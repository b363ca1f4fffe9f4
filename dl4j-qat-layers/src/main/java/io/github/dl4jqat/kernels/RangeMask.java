package io.github.dl4jqat.kernels;

/**
 * The clipped gradient of kernels that are not {@link ClippedBackward}: {@code grad} between the
 * smallest and the largest level, both included, else 0.
 *
 * <p>Where the levels lie symmetric about zero, a value beyond an end by less than 2^-22 of it
 * counts as on it. The range of weights is that of the weights themselves, and only the rounding of
 * its scale to a float can put the largest of them outside, which would stop its training.
 */
final class RangeMask {

    private static final double SLACK = 1 + 0x1p-22;

    private RangeMask() {}

    /** {@code out[i]} from {@code grad[i]} over the stretch. */
    static void backward(KernelRun run) {
        double smallest = smallest(run.grid, run.real(run.grid.low()));
        double largest = largest(run.grid, run.real(run.grid.high()));
        double[] x = run.x;
        double[] grad = run.grad;
        double[] out = run.out;
        for (int i = run.from; i < run.to; i++) {
            out[i] = x[i] >= smallest && x[i] <= largest ? grad[i] : 0;
        }
    }

    /** The smallest value that gets a gradient, from the real number of the lowest level. */
    static double smallest(Grid grid, double low) {
        return low * slack(grid);
    }

    /** The largest value that gets a gradient, from the real number of the highest level. */
    static double largest(Grid grid, double high) {
        return high * slack(grid);
    }

    private static double slack(Grid grid) {
        return grid.low() == -grid.high() ? SLACK : 1;
    }
}
