package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Quantizers and settings of one running layer. Not thread-safe. */
class LayerState {

    private final QuantLayerConfiguration conf;
    private final LayerQuantization how;
    private final LayerQuantizers quantizers;
    private final List<String> extraKeys;

    LayerState(
            NeuralNetConfiguration conf,
            Map<String, INDArray> params,
            INDArray paramsView,
            Layer layer) {
        this.conf = (QuantLayerConfiguration) conf.getLayer();
        how = this.conf.getQuantization();
        extraKeys =
                params.keySet().stream()
                        .filter(key -> QuantParamInitializer.isExtra(conf.getLayer(), key))
                        .toList();
        quantizers =
                new LayerQuantizers(how, params, paramsView, layer, conf.getLayer().getLayerName());
    }

    /** The state around a bidirectional layer, whose configuration speaks of what is inside too. */
    LayerState(
            NeuralNetConfiguration conf,
            Directions directions,
            Map<String, INDArray> own,
            INDArray paramsView,
            Layer layer) {
        this.conf = (QuantLayerConfiguration) conf.getLayer();
        how = directions.around();
        extraKeys = List.copyOf(own.keySet());
        quantizers =
                new LayerQuantizers(how, own, paramsView, layer, conf.getLayer().getLayerName());
    }

    final LayerQuantization how() {
        return how;
    }

    /** The configuration's value, which may have had things noted in it. */
    final LayerQuantization current() {
        return conf.getQuantization();
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

    /**
     * Copies of the stock parameters, with the values that evaluation computes with.
     *
     * @param table all parameters of the layer
     */
    Map<String, INDArray> evaluationParams(Map<String, INDArray> table) {
        Map<String, INDArray> stock = new LinkedHashMap<>();
        table.forEach(
                (key, value) -> {
                    if (!extraKeys.contains(key)) {
                        stock.put(key, value.dup());
                    }
                });
        return stock;
    }

    /** Names the source of the incoming tensor, here and in the configuration. */
    final void linkInput(String layer) {
        quantizers.linkInput(layer);
        conf.setQuantization(conf.getQuantization().withInputFrom(layer).withCombined(null));
    }

    /** Says what the incoming tensor is made of, here and in the configuration. */
    final void linkCombined(CombinedInput parts) {
        quantizers.linkCombined(parts);
        conf.setQuantization(conf.getQuantization().withCombined(parts));
    }

    /** Names the layers that share this one's grid, here and in the configuration. */
    final void linkGroup(List<String> layers) {
        conf.setQuantization(conf.getQuantization().withGroup(layers));
        quantizers.linkGroup(layers);
    }

    /** Notes the shape of the first data that a layer sees which may quantize a network's input. */
    final void noteInput(INDArray x) {
        boolean first =
                how.input() != null
                        || conf instanceof FakeQuantLayer
                        || conf instanceof EmbeddingSequenceLayer;
        if (first && conf.getQuantization().inputShape() == null) {
            List<Integer> shape = new ArrayList<>();
            for (int axis = 1; axis < x.rank(); axis++) {
                shape.add(Math.toIntExact(x.size(axis)));
            }
            conf.setQuantization(conf.getQuantization().withInputShape(shape));
        }
    }

    /** Writes moved ranges down, and what the updater needs of learned parameters. */
    void commit(Gradient gradient, Map<String, INDArray> gradientViews) {
        for (String key : extraKeys) {
            INDArray view = gradientViews.get(key);
            ChannelValues.zero(view);
            gradient.gradientForVariable().put(key, view);
        }
        quantizers.commit(gradientViews);
    }

    /** What has to hold after each update. */
    void afterUpdate() {
        quantizers.afterUpdate();
    }
}
