package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Answers {@link QuantizedLayer} from a layer's {@link LayerState}. */
interface StatefulLayer extends QuantizedLayer {

    /** The layer's state. */
    LayerState state();

    @Override
    default LayerQuantization quantization() {
        return state().current();
    }

    @Override
    default QuantParams inputParams() {
        return state().quantizers().inputParams(false);
    }

    @Override
    default QuantParams preActivationParams() {
        return state().quantizers().preActivationParams(false);
    }

    @Override
    default QuantParams outputParams() {
        return state().quantizers().outputParams(false);
    }

    @Override
    default Map<String, INDArray> evaluationParams() {
        return state().evaluationParams(((Layer) this).paramTable());
    }

    @Override
    default void setCalibrating(boolean on) {
        state().quantizers().setCalibrating(on);
    }

    @Override
    default void linkInput(String layer) {
        state().linkInput(layer);
    }

    @Override
    default void linkCombined(CombinedInput parts) {
        state().linkCombined(parts);
    }

    @Override
    default void linkGroup(List<String> layers) {
        state().linkGroup(layers);
    }
}
