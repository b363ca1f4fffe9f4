package io.github.dl4jqat.layers;

/** What every quantized layer configuration has beyond its stock twin. */
public interface QuantLayerConfiguration {

    /** How the layer is quantized; never null. */
    LayerQuantization getQuantization();

    /**
     * Sets how the layer is quantized. Has an effect on networks built from the configuration
     * afterwards; it may change the number of parameters.
     */
    void setQuantization(LayerQuantization quantization);
}
