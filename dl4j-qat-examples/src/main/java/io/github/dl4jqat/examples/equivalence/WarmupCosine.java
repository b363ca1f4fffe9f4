package io.github.dl4jqat.examples.equivalence;

import org.nd4j.linalg.schedule.ISchedule;

/**
 * A learning rate that rises evenly from 0 to its peak and then falls to 0 along half a cosine:
 *
 * <pre>
 *   t &lt; warmup    peak * t / warmup
 *   otherwise     peak * (1 + cos(pi * (t - warmup) / (total - warmup))) / 2
 * </pre>
 *
 * Worked numbers, peak 1, warmup 2, total 6: 0, 0.5, 1, 0.854, 0.5, 0.146, then 0. (None of the
 * schedules that come with Deeplearning4j 1.0.0-M2.1 has this form.)
 *
 * @param peak the largest learning rate
 * @param warmup iterations until it is reached
 * @param total iterations until it is 0 again; more than {@code warmup}
 */
public record WarmupCosine(double peak, int warmup, int total) implements ISchedule {

    private static final long serialVersionUID = 1L;

    /** Checks the numbers. */
    public WarmupCosine {
        if (!(peak > 0) || warmup < 0 || total <= warmup) {
            throw new IllegalArgumentException(
                    "WarmupCosine: peak="
                            + peak
                            + ", warmup="
                            + warmup
                            + ", total="
                            + total
                            + "; expected a positive peak and 0 <= warmup < total");
        }
    }

    /** The protocol's: 2 % of all iterations for the rise. */
    static WarmupCosine over(int total, double peak) {
        return new WarmupCosine(peak, total / 50, total);
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        if (iteration < warmup) {
            return peak * iteration / warmup;
        }
        double done = Math.min(1, (double) (iteration - warmup) / (total - warmup));
        return peak * (1 + Math.cos(Math.PI * done)) / 2;
    }

    @Override
    public ISchedule clone() {
        return this;
    }
}
