package io.github.dl4jqat.kernels;

/**
 * The gradients of a staircase of hyperbolic tangents without parameters, {@link SoftSlopes} in
 * float arithmetic. The slope depends on the distance {@code d} of a position {@code p} to the
 * middle of its cell alone, whichever of two cells a level is counted to:
 *
 * <pre>
 *   d     = 0.5 - |p - rint(p)|                           exact, but for a last bit near a level
 *   w     = exp(2 kappa d) - 1
 *   slope = peak * 4 (1 + w) / (2 + w)^2
 *   dx    = grad * slope                                  within the range, 0 elsewhere
 * </pre>
 *
 * {@code w} is the series of {@code exp - 1} up to the sixth power for an argument of at most a
 * quarter, and then {@code w (2 + w)} for each doubling of it, which unlike squaring a number near
 * 1 loses next to nothing. Slopes are those of {@link SoftSlopes} to 4e-6 of themselves.
 */
final class SoftSlopeFloats {

    private static final float ROUND = 0x1.8p23f;

    /** The square of this times the smallest float is more than 1. */
    private static final float HUGE = 0x1p75f;

    private static final double LARGEST_KAPPA = 16;
    private static final double LARGEST_ARGUMENT = 0.25;

    private SoftSlopeFloats() {}

    /**
     * As {@link FloatBackward#backward}.
     *
     * @param kappa how steep
     * @param peak the slope in the middle of a cell
     */
    static boolean backward(FloatRun run, double kappa, double peak) {
        if (!(kappa <= LARGEST_KAPPA)) {
            return false;
        }
        int from = run.from;
        int to = run.to;
        float[] slope = run.work[0];
        float[] mask = run.work[1];
        float[] other = run.work[2];
        float lowest = run.rectified ? Math.max(run.low, 0f) : run.low;
        for (int i = from; i < to; i++) {
            other[i] = run.x[i] / run.scale;
        }
        clamp(other, slope, from, to, lowest, run.high);
        distances(slope, from, to);
        exponentials(slope, from, to, kappa);
        slopes(slope, from, to, (float) (4 * peak));
        reached(other, mask, run);
        if (run.rectified) {
            positive(run.x, mask, from, to);
        }
        product(run.grad, mask, slope, other, from, to);
        if (!(largest(other, from, to) <= Float.MAX_VALUE)) {
            return false;
        }
        System.arraycopy(other, from, run.grad, from, to - from);
        return true;
    }

    private static void clamp(float[] p, float[] c, int from, int to, float low, float high) {
        for (int i = from; i < to; i++) {
            c[i] = Math.max(low, Math.min(high, p[i]));
        }
    }

    private static void distances(float[] c, int from, int to) {
        for (int i = from; i < to; i++) {
            c[i] = 0.5f - Math.abs(c[i] - ((c[i] + ROUND) - ROUND));
        }
    }

    private static void exponentials(float[] w, int from, int to, double kappa) {
        int doublings = 0;
        while (Math.scalb(kappa, -doublings) > LARGEST_ARGUMENT) {
            doublings++;
        }
        float factor = (float) Math.scalb(2 * kappa, -doublings);
        for (int i = from; i < to; i++) {
            float z = w[i] * factor;
            float r = 1 / 24f + z * (1 / 120f + z * (1 / 720f));
            w[i] = z + z * z * (1 / 2f + z * (1 / 6f + z * r));
        }
        for (int k = 0; k < doublings; k++) {
            for (int i = from; i < to; i++) {
                w[i] = w[i] * (2 + w[i]);
            }
        }
    }

    private static void slopes(float[] w, int from, int to, float top) {
        for (int i = from; i < to; i++) {
            float share = 1 / (2 + w[i]);
            w[i] = top * (1 + w[i]) * share * share;
        }
    }

    /** 1 within the range and the rounding of its scale, 0 elsewhere. */
    private static void reached(float[] p, float[] mask, FloatRun run) {
        double slack = KernelRun.slack(run.low, run.high);
        float low = atLeast(run.low - slack);
        float high = -atLeast(-(run.high + slack));
        for (int i = run.from; i < run.to; i++) {
            float beyond = Math.abs(p[i] - Math.max(low, Math.min(high, p[i])));
            mask[i] = 1 - Math.min(1, beyond * HUGE * HUGE);
        }
    }

    /** The smallest float that is not below a number. */
    private static float atLeast(double bound) {
        float near = (float) bound;
        return near < bound ? Math.nextUp(near) : near;
    }

    private static void positive(float[] x, float[] mask, int from, int to) {
        for (int i = from; i < to; i++) {
            mask[i] *= Math.min(1, Math.max(0, x[i]) * HUGE * HUGE);
        }
    }

    private static void product(
            float[] grad, float[] mask, float[] slope, float[] result, int from, int to) {
        for (int i = from; i < to; i++) {
            result[i] = grad[i] * mask[i] * slope[i] + 0f;
        }
    }

    /** NaN if there is one. */
    private static float largest(float[] values, int from, int to) {
        float most = 0;
        for (int i = from; i < to; i++) {
            most = Math.max(most, Math.abs(values[i]));
        }
        return most;
    }
}
