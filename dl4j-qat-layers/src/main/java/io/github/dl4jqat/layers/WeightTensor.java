package io.github.dl4jqat.layers;

import java.util.List;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;

/**
 * Weights of a layer that one quantizer is for.
 *
 * @param name the share of keys that tells them apart
 * @param outputs how many output channels they have
 * @param weights how many there are; 0 as long as the layer does not know its sizes
 */
record WeightTensor(String name, long outputs, long weights) {

    /** All of a layer; none of one without weights. */
    static List<WeightTensor> of(Layer layer, ParamInitializer stock) {
        if (layer instanceof QuantizedLocalConfiguration local) {
            return List.of(ofPositions(layer, local, stock));
        }
        return layer instanceof FeedForwardLayer weighted ? of(weighted, stock) : List.of();
    }

    private static WeightTensor ofPositions(
            Layer layer, QuantizedLocalConfiguration local, ParamInitializer stock) {
        long outputs = Math.max(0, local.outputs());
        boolean sized = outputs > 0 && local.positions() > 0;
        long biases = sized && !stock.biasKeys(layer).isEmpty() ? outputs : 0;
        long weights = sized ? stock.numParams(layer) - biases : 0;
        return new WeightTensor(ExtraParameter.WEIGHT, outputs, weights);
    }

    private static List<WeightTensor> of(FeedForwardLayer layer, ParamInitializer stock) {
        long outputs = layer.getNOut();
        // Before the sizes are known the stock initializer would fail, and needs no answer.
        boolean sized = outputs > 0 && layer.getNIn() > 0;
        if (layer instanceof BaseRecurrentLayer) {
            long columns = outputs * RecurrentKind.of(layer).gates();
            return List.of(
                    new WeightTensor(
                            ExtraParameter.WEIGHT, columns, sized ? layer.getNIn() * columns : 0),
                    new WeightTensor(
                            ExtraParameter.RECURRENT, columns, sized ? outputs * columns : 0));
        }
        if (layer instanceof SeparableConvolution2D separable) {
            int[] kernel = separable.getKernelSize();
            long inner = layer.getNIn() * separable.getDepthMultiplier();
            return List.of(
                    new WeightTensor(ExtraParameter.WEIGHT, outputs, sized ? inner * outputs : 0),
                    new WeightTensor(
                            ExtraParameter.DEPTHWISE,
                            Math.max(0, inner),
                            sized ? inner * kernel[0] * kernel[1] : 0));
        }
        if (layer instanceof CenterLossOutputLayer) {
            // The centers are no weights.
            long products = sized ? layer.getNIn() * outputs : 0;
            return List.of(new WeightTensor(ExtraParameter.WEIGHT, outputs, products));
        }
        long biases = sized && !stock.biasKeys(layer).isEmpty() ? outputs : 0;
        long weights = sized ? stock.numParams(layer) - biases : 0;
        return List.of(new WeightTensor(ExtraParameter.WEIGHT, outputs, weights));
    }
}
