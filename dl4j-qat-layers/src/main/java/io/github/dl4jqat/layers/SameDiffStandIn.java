package io.github.dl4jqat.layers;

import java.util.List;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * What a running layer sees of a SameDiff configuration, which is none of those that Deeplearning4j
 * has its layers with weights for: activation function, constraints and penalties. No dropout and
 * no weight noise, which the stock layer does not apply either.
 */
final class SameDiffStandIn extends DenseLayer {

    private static final long serialVersionUID = 1L;

    private final transient AbstractSameDiffLayer conf;

    private SameDiffStandIn(AbstractSameDiffLayer conf) {
        this.conf = conf;
    }

    static SameDiffStandIn of(AbstractSameDiffLayer conf, IActivation f) {
        SameDiffStandIn standIn = new SameDiffStandIn(conf);
        standIn.setActivationFn(f);
        return standIn;
    }

    @Override
    public List<LayerConstraint> getConstraints() {
        return conf.getConstraints();
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        return conf.getRegularizationByParam(paramName);
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof SameDiffStandIn;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof SameDiffStandIn other && super.equals(o) && conf.equals(other.conf);
    }

    @Override
    public int hashCode() {
        return conf.hashCode();
    }
}
