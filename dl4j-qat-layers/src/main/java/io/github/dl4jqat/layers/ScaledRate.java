package io.github.dl4jqat.layers;

import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * The learning rate of an updater times a factor, as a schedule. Lives only between a configuration
 * and its updater; it is never written to a file.
 *
 * @param base the updater that knows the rate
 * @param factor what it is multiplied with
 */
record ScaledRate(IUpdater base, double factor) implements ISchedule {

    private static final long serialVersionUID = 1L;

    /** A copy of an updater with its learning rate multiplied; itself for a factor of 1. */
    static IUpdater of(IUpdater base, double factor) {
        if (factor == 1 || base == null || !base.hasLearningRate()) {
            return base;
        }
        IUpdater scaled = base.clone();
        scaled.setLrAndSchedule(Double.NaN, new ScaledRate(base, factor));
        return scaled;
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return factor * base.getLearningRate(iteration, epoch);
    }

    @Override
    public ISchedule clone() {
        return this;
    }
}
