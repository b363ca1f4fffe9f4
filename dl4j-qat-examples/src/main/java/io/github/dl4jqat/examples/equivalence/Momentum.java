package io.github.dl4jqat.examples.equivalence;

import java.util.Map;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * SGD with plain momentum, which Deeplearning4j lacks: its {@code Nesterovs} looks ahead.
 *
 * <pre>
 *   v = momentum * v + gradient          w = w - learningRate * v
 * </pre>
 */
public final class Momentum implements IUpdater {

    private static final long serialVersionUID = 1L;

    private final double momentum;
    private ISchedule schedule;

    /**
     * @param momentum what is left of the velocity after a step, in [0, 1)
     * @param schedule the learning rate
     */
    public Momentum(double momentum, ISchedule schedule) {
        if (!(momentum >= 0 && momentum < 1)) {
            throw new IllegalArgumentException(
                    "Momentum: momentum=" + momentum + " is outside [0, 1)");
        }
        this.momentum = momentum;
        this.schedule = Objects.requireNonNull(schedule, "Momentum: no schedule given");
    }

    @Override
    public long stateSize(long parameters) {
        return parameters;
    }

    @Override
    public GradientUpdater<Momentum> instantiate(INDArray view, boolean initialize) {
        MomentumUpdater updater = new MomentumUpdater(this);
        updater.setStateViewArray(view, new long[] {1, view.length()}, 'c', initialize);
        return updater;
    }

    @Override
    public GradientUpdater<Momentum> instantiate(Map<String, INDArray> state, boolean initialize) {
        MomentumUpdater updater = new MomentumUpdater(this);
        updater.setState(state, initialize);
        return updater;
    }

    double momentum() {
        return momentum;
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return schedule.valueAt(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    @Override
    public void setLrAndSchedule(double rate, ISchedule newSchedule) {
        if (newSchedule == null) {
            throw new IllegalArgumentException(
                    "Momentum: learning rate "
                            + rate
                            + " without a schedule; give one, such as a FixedSchedule");
        }
        schedule = newSchedule;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Momentum other
                && momentum == other.momentum
                && schedule.equals(other.schedule);
    }

    @Override
    public int hashCode() {
        return Objects.hash(momentum, schedule);
    }

    @Override
    public Momentum clone() {
        return new Momentum(momentum, schedule.clone());
    }
}
