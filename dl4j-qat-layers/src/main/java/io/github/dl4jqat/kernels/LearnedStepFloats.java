package io.github.dl4jqat.kernels;

/**
 * {@link LearnedStepBackward} and {@link LearnedOffsetBackward} on floats and without a branch, so
 * that they are vectorized. Gradients are the same to the last bit, but for the sign of a zero. The
 * gradients of step and offset add up the same products, all exact as doubles, in another order.
 *
 * <p>With {@code c} the position {@code x / scale} moved into the range, {@code k} that rounded,
 * and {@code m} 1 strictly between the ends and 0 elsewhere:
 *
 * <pre>
 *   m  = min(1, (c - low) * (high - c) * huge)
 *   dx = grad * m
 *   a learned step          dscale += grad * (k - c * m)
 *   with a learned offset   dscale += grad * (k - c * m - low * (1 - m))
 *                           doffset += grad * (1 - m)
 * </pre>
 *
 * where {@code huge} makes the smallest float that there is more than 1. NaN, or a gradient that is
 * no finite number, spoils the sums and is noticed by them.
 *
 * <p>A ReLU in front of the quantizer is another lower end of the range, {@code max(low, 0)}, for
 * everything but the sums of a value that was moved there: these count it as the zero that it is.
 *
 * <p>Each step has a loop of its own: one that writes two arrays is not vectorized.
 */
public final class LearnedStepFloats {

    private static final float ROUND = 0x1.8p23f;

    /** The square of this times the smallest float is more than 1. */
    private static final float HUGE = 0x1p75f;

    private LearnedStepFloats() {}

    /**
     * The gradients of a stretch for a learned step without a ReLU.
     *
     * @param x values before quantization
     * @param grad gradient of the quantized values; becomes that of the values
     * @param mask for intermediate results
     * @param work for intermediate results
     * @return the gradient of the scale; NaN if there was NaN or a gradient that is no finite
     *     number, and nothing was changed
     */
    public static double apply(
            float[] x,
            float[] grad,
            float[] mask,
            float[] work,
            int from,
            int to,
            float scale,
            float low,
            float high) {
        double[] sum = new double[1];
        boolean done =
                apply(x, grad, new float[][] {mask, work}, from, to, scale, low, high, false, sum);
        return done ? sum[0] : Double.NaN;
    }

    /** As {@link FloatBackward#backward}; one parameter is the step, two are step and offset. */
    static boolean apply(FloatRun run) {
        if (run.rectified && !servesBehindRelu(run.scale, run.low)) {
            return false;
        }
        return apply(
                run.x,
                run.grad,
                run.work,
                run.from,
                run.to,
                run.scale,
                run.low,
                run.high,
                run.rectified,
                run.sums);
    }

    /**
     * The gradients of a stretch.
     *
     * @param x values before quantization, in front of the ReLU if there is one
     * @param grad gradient of the quantized values; becomes that of the values
     * @param work two arrays for intermediate results
     * @param rectified whether there is a ReLU; {@link #servesBehindRelu} has to hold then
     * @param sums where the gradients of the parameters are added up: of the step, and if there is
     *     room for two, of the offset
     * @return false if there was NaN or a gradient that is no finite number, and nothing was
     *     changed
     */
    static boolean apply(
            float[] x,
            float[] grad,
            float[][] work,
            int from,
            int to,
            float scale,
            float low,
            float high,
            boolean rectified,
            double[] sums) {
        float lowest = rectified ? Math.max(low, 0f) : low;
        float[] mask = work[0];
        float[] other = work[1];
        clamp(x, other, from, to, scale, lowest, high);
        strictlyInside(other, mask, from, to, low, high);
        boolean offset = sums.length > 1;
        if (offset) {
            offGridOrLow(other, mask, from, to, low);
        } else {
            offGrid(other, mask, from, to);
        }
        double step = sum(grad, other, from, to);
        double outside = 0;
        if (offset) {
            outside(grad, mask, other, from, to);
            outside = sum(other, from, to);
        }
        if (!Double.isFinite(step + outside)) {
            return false;
        }
        if (lowest != low) {
            clamp(x, other, from, to, scale, lowest, high);
            strictlyInside(other, mask, from, to, lowest, high);
        }
        for (int i = from; i < to; i++) {
            grad[i] = grad[i] * mask[i] + 0f;
        }
        sums[0] += step;
        if (offset) {
            sums[1] += outside;
        }
        return true;
    }

    /**
     * Whether a positive value never has the position 0, at which a ReLU would take its gradient.
     */
    public static boolean servesBehindRelu(float scale, float low) {
        return low == 0 || scale <= 1;
    }

    private static void clamp(
            float[] x, float[] c, int from, int to, float scale, float low, float high) {
        for (int i = from; i < to; i++) {
            c[i] = Math.max(low, Math.min(high, x[i] / scale));
        }
    }

    private static void strictlyInside(
            float[] c, float[] mask, int from, int to, float low, float high) {
        for (int i = from; i < to; i++) {
            mask[i] = Math.min(1f, (c[i] - low) * (high - c[i]) * HUGE * HUGE);
        }
    }

    /** What a step adds to the distance of a value to its level; the end itself outside. */
    private static void offGrid(float[] c, float[] mask, int from, int to) {
        for (int i = from; i < to; i++) {
            c[i] = ((c[i] + ROUND) - ROUND) - c[i] * mask[i];
        }
    }

    /** The same counted from the lowest level outside. */
    private static void offGridOrLow(float[] c, float[] mask, int from, int to, float low) {
        for (int i = from; i < to; i++) {
            c[i] = ((c[i] + ROUND) - ROUND) - c[i] * mask[i] - low * (1f - mask[i]);
        }
    }

    private static void outside(float[] grad, float[] mask, float[] result, int from, int to) {
        for (int i = from; i < to; i++) {
            result[i] = grad[i] * (1f - mask[i]);
        }
    }

    /** Four sums that do not wait for each other. */
    private static double sum(float[] grad, float[] factor, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 3 < to; i += 4) {
            a += (double) grad[i] * factor[i];
            b += (double) grad[i + 1] * factor[i + 1];
            c += (double) grad[i + 2] * factor[i + 2];
            d += (double) grad[i + 3] * factor[i + 3];
        }
        for (; i < to; i++) {
            a += (double) grad[i] * factor[i];
        }
        return (a + b) + (c + d);
    }

    private static double sum(float[] values, int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = from;
        for (; i + 3 < to; i += 4) {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
        }
        for (; i < to; i++) {
            a += values[i];
        }
        return (a + b) + (c + d);
    }
}
