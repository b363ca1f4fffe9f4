package io.github.dl4jqat.examples.equivalence;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/** The running part of {@link Momentum}: keeps the velocity. */
final class MomentumUpdater implements GradientUpdater<Momentum> {

    private static final String VELOCITY = "V";

    private final Momentum config;
    private INDArray velocity;

    MomentumUpdater(Momentum config) {
        this.config = config;
    }

    @Override
    public Momentum getConfig() {
        return config;
    }

    @Override
    public void setState(Map<String, INDArray> state, boolean initialize) {
        velocity = state.get(VELOCITY);
        if (initialize) {
            velocity.assign(0);
        }
    }

    @Override
    public Map<String, INDArray> getState() {
        return Map.of(VELOCITY, velocity);
    }

    @Override
    public void setStateViewArray(
            INDArray view, long[] gradientShape, char gradientOrder, boolean initialize) {
        if (initialize) {
            view.assign(0);
        }
        velocity = view.reshape(gradientOrder, gradientShape);
    }

    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
        INDArray v = velocity.reshape(gradient.ordering(), gradient.shape());
        v.muli(config.momentum()).addi(gradient);
        gradient.assign(v).muli(config.getLearningRate(iteration, epoch));
    }
}
