package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The place of a layer whose work another layer does in a prepared network: {@code y = x}. A stock
 * {@code ActivationLayer} with the identity computes the same, on a copy of its input that it keeps
 * until the backward pass; this one hands on the very array that it gets.
 *
 * <p>Shapes: any, the same in and out. No parameters.
 */
public class PassOnLayer extends ActivationLayer {

    private static final long serialVersionUID = 1L;

    /** An identity without a name. */
    public PassOnLayer() {
        setActivationFn(new ActivationIdentity());
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        PassOnRuntime layer = new PassOnRuntime(conf, networkType);
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(paramsView);
        Map<String, INDArray> none =
                EmptyParamInitializer.getInstance().init(conf, paramsView, initializeParams);
        layer.setParamTable(none);
        layer.setConf(conf);
        return layer;
    }

    @Override
    public PassOnLayer clone() {
        return (PassOnLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof PassOnLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o || (o instanceof PassOnLayer && super.equals(o));
    }

    @Override
    public int hashCode() {
        return super.hashCode();
    }

    @Override
    public String toString() {
        return "PassOnLayer(" + super.toString() + ")";
    }
}
