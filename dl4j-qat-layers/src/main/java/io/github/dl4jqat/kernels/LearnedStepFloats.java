package io.github.dl4jqat.kernels;

/**
 * {@link LearnedStepBackward} on floats and without a branch, so that it is vectorized. Gradients
 * are the same to the last bit, but for the sign of a zero. The gradient of the step adds up the
 * same products, all exact as doubles, in another order.
 *
 * <p>With {@code p = x / scale}, {@code c} that clamped to the ends of the grid, {@code k} that
 * rounded, and {@code m} 1 strictly between the ends and 0 elsewhere:
 *
 * <pre>
 *   dx = grad * m        dscale += grad * (k - p * m)
 * </pre>
 *
 * {@code m} is {@code min(1, (p - low) * huge) * min(1, (high - p) * huge)}, not below 0, where
 * {@code huge} makes the smallest float that there is more than 1. A value that is no finite number
 * spoils that and is noticed by its sum; {@link #apply} then says so and has changed nothing.
 */
public final class LearnedStepFloats {

    private static final float ROUND = 0x1.8p23f;

    /** Twice this is more than {@code 1 / Float.MIN_VALUE}. */
    private static final float HUGE = 0x1p75f;

    private LearnedStepFloats() {}

    /**
     * The gradients of a stretch.
     *
     * @param x values before quantization
     * @param grad gradient of the quantized values; becomes that of the values
     * @param mask for intermediate results
     * @param offGrid for intermediate results
     * @return the gradient of the scale; NaN if there was a value that is no finite number, and
     *     nothing was changed
     */
    public static double apply(
            float[] x,
            float[] grad,
            float[] mask,
            float[] offGrid,
            int from,
            int to,
            float scale,
            float low,
            float high) {
        for (int i = from; i < to; i++) {
            float p = x[i] / scale;
            float k = (Math.max(low, Math.min(high, p)) + ROUND) - ROUND;
            float above = Math.max(0f, Math.min(1f, (p - low) * HUGE * HUGE));
            float below = Math.max(0f, Math.min(1f, (high - p) * HUGE * HUGE));
            float m = above * below;
            mask[i] = m;
            offGrid[i] = k - p * m;
        }
        double sum = sum(grad, offGrid, from, to);
        if (Double.isFinite(sum)) {
            for (int i = from; i < to; i++) {
                grad[i] = grad[i] * mask[i] + 0f;
            }
            return sum;
        }
        return Double.NaN;
    }

    /** Four sums that do not wait for each other. */
    private static double sum(float[] grad, float[] offGrid, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 3 < to; i += 4) {
            a += (double) grad[i] * offGrid[i];
            b += (double) grad[i + 1] * offGrid[i + 1];
            c += (double) grad[i + 2] * offGrid[i + 2];
            d += (double) grad[i + 3] * offGrid[i + 3];
        }
        for (; i < to; i++) {
            a += (double) grad[i] * offGrid[i];
        }
        return (a + b) + (c + d);
    }
}
