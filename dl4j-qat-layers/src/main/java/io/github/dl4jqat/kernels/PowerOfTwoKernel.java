package io.github.dl4jqat.kernels;

/**
 * Levels that are powers of two, or zero, by intervals:
 *
 * <pre>
 *   level = sign(x) * b    where (a + b) / 2 &lt;= |x / scale| &lt; 3 b / 2
 *   level = 0              below 1/2
 *   dx    = grad
 * </pre>
 *
 * with {@code b} in 1, 2, 4, ..., {@code largest} and {@code a} the level before it, 0 for the
 * first. Beyond the last interval the largest level stays.
 *
 * <p>The intervals from 2 on end in the middle between two levels: a position {@code 2^e <= p <
 * 2^(e+1)} becomes {@code 2^e} below {@code 1.5 * 2^e} and {@code 2^(e+1)} from there on.
 *
 * @param largest the largest level in steps, a power of two
 */
public record PowerOfTwoKernel(double largest) implements EstimatorKernel {

    private static final double FIRST = 0.5;
    private static final double MIDDLE = 1.5;

    @Override
    public void levels(KernelRun run) {
        for (int i = run.from; i < run.to; i++) {
            run.out[i] = level(run.position(run.x[i]));
        }
    }

    private double level(double position) {
        double p = Math.abs(position);
        if (p < FIRST) {
            return 0;
        }
        if (p >= largest || Double.isNaN(p)) {
            return Math.signum(position) * largest;
        }
        double below = Math.max(1, Math.scalb(1.0, Math.getExponent(p)));
        return Math.signum(position) * (p >= MIDDLE * below ? 2 * below : below);
    }

    @Override
    public void backward(KernelRun run) {
        run.each((x, g) -> g);
    }
}
