package io.github.dl4jqat.kernels;

import java.util.function.DoubleUnaryOperator;

/**
 * The sign of a value, zero being positive, with a surrogate in place of its derivative, which is
 * zero almost everywhere:
 *
 * <pre>
 *   y  = sign(x) * scale
 *   dx = grad * surrogate(x)
 * </pre>
 *
 * The surrogates are functions of x alone, whatever the scale is. At NaN they are 0.
 *
 * <p>Immutable and thread-safe.
 *
 * @param surrogate what stands for the derivative
 */
public record SignKernel(DoubleUnaryOperator surrogate) implements EstimatorKernel {

    /** Beyond it the hyperbolic functions leave the doubles and the slope is 0 to the last bit. */
    private static final double LARGEST_ARGUMENT = 700;

    /** 1 where {@code -1 <= x <= 1}, else 0. */
    public static double clipped(double x) {
        return Math.abs(x) <= 1 ? 1 : 0;
    }

    /** {@code 2 - 2 |x|} where {@code -1 <= x <= 1}, else 0. */
    public static double triangle(double x) {
        return Math.abs(x) <= 1 ? 2 - 2 * Math.abs(x) : 0;
    }

    /**
     * {@code beta (2 - b tanh(b / 2)) / (1 + cosh b)} with {@code b = beta x}: a peak of height
     * {@code beta} with a shallow negative trough on each side.
     */
    public static double swish(double x, double beta) {
        double b = beta * x;
        return Math.abs(b) <= LARGEST_ARGUMENT
                ? beta * (2 - b * Math.tanh(b / 2)) / (1 + Math.cosh(b))
                : 0;
    }

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        run.each((x, g) -> g * surrogate.applyAsDouble(x));
    }
}
