package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the running layers of this package show to calibration, conversion and reports. All values
 * are those that evaluation uses right now; the scale and the zero point shown are the ones that
 * the layer computes with.
 */
public interface QuantizedLayer {

    /** How the layer is quantized, with what it has noted since. */
    LayerQuantization quantization();

    /**
     * Scale and zero point of the incoming tensor, from this layer's own input quantizer or from
     * the layer that quantizes it; null if there is none or it has seen no data.
     */
    QuantParams inputParams();

    /** Scale and zero point before a table activation; null if there is none, or no data yet. */
    QuantParams preActivationParams();

    /** Scale and zero point of the output; null if there is none, or no data yet. */
    QuantParams outputParams();

    /**
     * Copies of the stock layer's parameters, by its names for them, with the values that
     * evaluation computes with: weights on their grid, that is level times scale; a bias on the
     * grid of the accumulator, as soon as the scale of the input is known; all others as they are.
     * Empty for what has no parameters.
     */
    default Map<String, INDArray> evaluationParams() {
        return Map.of();
    }

    /**
     * Switches calibration on or off. While it is on, a forward pass observes and records the
     * ranges and quantizes no activation.
     */
    void setCalibrating(boolean on);

    /** Names the layer that quantizes the incoming tensor; see {@link LayerQuantization}. */
    void linkInput(String layer);

    /** Says what the incoming tensor is made of; see {@link LayerQuantization}. */
    void linkCombined(CombinedInput parts);

    /** Names the layers whose outputs share one grid with this layer's. */
    void linkGroup(List<String> layers);
}
