package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What stands for a quantized layer in a network of stock layers.
 *
 * @param layer a configuration of stock classes only, not wrapped and not shared with any network
 * @param params a value for each of its parameters, by the names that its own initializer uses
 */
public record StockForm(Layer layer, Map<String, INDArray> params) {

    /** Copies the map, not the arrays. */
    public StockForm {
        params = Map.copyOf(params);
    }
}
