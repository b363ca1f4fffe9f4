package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Quantizers and settings of one running layer. Not thread-safe. */
class LayerState {

    private final LayerQuantization how;
    private final LayerQuantizers quantizers;

    LayerState(
            NeuralNetConfiguration conf,
            Map<String, INDArray> params,
            INDArray paramsView,
            int index) {
        how = ((QuantLayerConfiguration) conf.getLayer()).getQuantization();
        quantizers =
                new LayerQuantizers(how, params, paramsView, index, conf.getLayer().getLayerName());
    }

    final LayerQuantization how() {
        return how;
    }

    final LayerQuantizers quantizers() {
        return quantizers;
    }

    final boolean off() {
        return how.off();
    }

    final boolean calibrating() {
        return quantizers.calibrating();
    }

    /** Writes moved ranges down; their gradient is zero, the updater has nothing to do. */
    final void commit(Gradient gradient, Map<String, INDArray> gradientViews) {
        quantizers.commit();
        for (String key : QuantParamInitializer.rangeKeys(how)) {
            gradient.gradientForVariable().put(key, gradientViews.get(key).assign(0));
        }
    }
}
