package io.github.dl4jqat.examples.equivalence;

import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/** The two optimizers that the theorems are about, as the protocol sets them. */
public enum Optimizer {
    /** Momentum 0.9; the straight-through network needs another start and learning rate. */
    SGD {
        @Override
        public double learningRate(Architecture architecture) {
            return architecture.sgdRate();
        }

        @Override
        IUpdater updater(ISchedule schedule) {
            return new Momentum(0.9, schedule);
        }
    },
    /** A short second moment (0.95); nothing has to be changed. */
    ADAM {
        @Override
        public double learningRate(Architecture architecture) {
            return ADAM_RATE;
        }

        @Override
        IUpdater updater(ISchedule schedule) {
            Adam adam = new Adam(ADAM_RATE, 0.9, 0.95, Adam.DEFAULT_ADAM_EPSILON);
            adam.setLrAndSchedule(ADAM_RATE, schedule);
            return adam;
        }
    };

    private static final double ADAM_RATE = 1e-4;

    /** The usual peak of the schedule. */
    public abstract double learningRate(Architecture architecture);

    /** Whether the straight-through network starts from moved weights, with its own rate. */
    public boolean warps() {
        return this == SGD;
    }

    abstract IUpdater updater(ISchedule schedule);
}
