package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Makes the quantized twin of a stock layer configuration by way of DL4J's JSON: every setting goes
 * over, of builders that are private too, and none can be forgotten when DL4J adds one.
 */
public final class StockTwin {

    private static final String CLASS = "@class";

    private StockTwin() {}

    /**
     * The twin.
     *
     * @param stock the stock configuration; left as it is
     * @param type its quantized subclass
     * @param quantization what the twin has beyond it
     * @throws IllegalArgumentException if some part of the configuration cannot be written as JSON
     */
    public static <T extends Layer & QuantLayerConfiguration> T of(
            Layer stock, Class<T> type, LayerQuantization quantization) {
        ObjectMapper mapper = NeuralNetConfiguration.mapper();
        try {
            ObjectNode json = (ObjectNode) mapper.readTree(mapper.writeValueAsString(stock));
            json.put(CLASS, type.getName());
            T twin = type.cast(mapper.treeToValue(json, Layer.class));
            twin.setQuantization(quantization);
            return twin;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "The configuration of layer '"
                            + stock.getLayerName()
                            + "' ("
                            + stock.getClass().getName()
                            + ") does not survive JSON, which DL4J itself needs to save it: "
                            + e.getOriginalMessage(),
                    e);
        }
    }
}
