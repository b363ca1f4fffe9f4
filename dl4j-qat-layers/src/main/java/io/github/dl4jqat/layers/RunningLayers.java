package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** From configurations to running layers: what every {@code instantiate} has to do. */
final class RunningLayers {

    private RunningLayers() {}

    /** A running layer whose state is attached once its parameters are there. */
    interface Attachable {
        void attach(Map<String, INDArray> params, INDArray paramsView);
    }

    /**
     * Copies the parameters of one layer to another, all in one piece. DL4J's own method puts every
     * weight in column-major order, which is not that of all of them.
     */
    static void copyParameters(INDArray from, INDArray to, String layerId) {
        if (from == to) {
            return;
        }
        if (from.length() != to.length()) {
            throw new IllegalArgumentException(
                    "Expected "
                            + to.length()
                            + " parameters, got "
                            + from.length()
                            + "; take them from a layer with the same sizes and quantization. "
                            + layerId);
        }
        to.assign(from.reshape(to.shape()));
    }

    /** Gives a new layer with weights its parameters. */
    static <L extends Layer & Attachable> Layer start(
            L layer,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams) {
        NeuralNetConfiguration conf = layer.conf();
        Map<String, INDArray> params =
                conf.getLayer().initializer().init(conf, paramsView, initializeParams);
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(paramsView);
        layer.setParamTable(params);
        layer.attach(params, paramsView);
        return layer;
    }

    /** A new layer without weights, around a stock one. */
    static Layer start(
            NeuralNetConfiguration conf,
            DataType networkType,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            Layer stock,
            ExactForm exactForm) {
        Map<String, INDArray> params =
                conf.getLayer().initializer().init(conf, paramsView, initializeParams);
        return new RangeOnlyRuntime(
                conf, networkType, listeners, index, params, paramsView, stock, exactForm);
    }
}
