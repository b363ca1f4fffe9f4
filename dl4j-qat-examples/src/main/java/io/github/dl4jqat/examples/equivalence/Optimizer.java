package io.github.dl4jqat.examples.equivalence;

import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/** The two optimizers that the theorems are about, as the protocol sets them. */
public enum Optimizer {
    /**
     * Momentum 0.9; the straight-through network needs another start and learning rate. The rate is
     * that of the author's second round; the first had ten times as much.
     */
    SGD(1e-4) {
        @Override
        IUpdater updater(ISchedule schedule) {
            return new Momentum(0.9, schedule);
        }
    },
    /** A short second moment (0.95); nothing has to be changed. */
    ADAM(1e-4) {
        @Override
        IUpdater updater(ISchedule schedule) {
            Adam adam = new Adam(learningRate(), 0.9, 0.95, Adam.DEFAULT_ADAM_EPSILON);
            adam.setLrAndSchedule(learningRate(), schedule);
            return adam;
        }
    };

    private final double learningRate;

    Optimizer(double learningRate) {
        this.learningRate = learningRate;
    }

    /** The usual peak of the schedule. */
    public double learningRate() {
        return learningRate;
    }

    /** Whether the straight-through network starts from moved weights, with its own rate. */
    public boolean warps() {
        return this == SGD;
    }

    abstract IUpdater updater(ISchedule schedule);
}
