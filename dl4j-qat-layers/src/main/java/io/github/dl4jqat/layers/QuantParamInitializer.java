package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The stock parameters first, in their stock layout, then three numbers for each activation
 * quantizer. Delegates rather than extends: the stock initializers slice their view by their own
 * virtual {@code numParams}, which a subclass would break.
 */
final class QuantParamInitializer implements ParamInitializer {

    /** Range of the layer's input. */
    static final String INPUT_RANGE = "inputRange";

    /** Range of the value before the activation function. */
    static final String PRE_ACTIVATION_RANGE = "preActivationRange";

    /** Range of the layer's output. */
    static final String OUTPUT_RANGE = "outputRange";

    private final ParamInitializer stock;

    QuantParamInitializer(ParamInitializer stock) {
        this.stock = stock;
    }

    /** Whether a parameter holds a range. */
    static boolean isRange(String key) {
        return INPUT_RANGE.equals(key)
                || PRE_ACTIVATION_RANGE.equals(key)
                || OUTPUT_RANGE.equals(key);
    }

    /** The range parameters that a configuration asks for. */
    static List<String> rangeKeys(LayerQuantization q) {
        List<String> keys = new ArrayList<>();
        if (q.input() != null) {
            keys.add(INPUT_RANGE);
        }
        if (q.preActivation() != null) {
            keys.add(PRE_ACTIVATION_RANGE);
        }
        if (q.output() != null) {
            keys.add(OUTPUT_RANGE);
        }
        return keys;
    }

    private static List<String> rangeKeys(Layer layer) {
        LayerQuantization q = ((QuantLayerConfiguration) layer).getQuantization();
        // A stock constructor asks for the keys, to constrain them, before there is any
        // quantization. Ranges must not be constrained anyway.
        return q == null ? List.of() : rangeKeys(q);
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        return stock.numParams(layer)
                + (long) rangeKeys(layer).size() * ActivationQuantizer.STATE_LENGTH;
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        List<String> keys = new ArrayList<>(stock.paramKeys(layer));
        keys.addAll(rangeKeys(layer));
        return keys;
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return stock.weightKeys(layer);
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return stock.biasKeys(layer);
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return !isRange(key) && stock.isWeightParam(layer, key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return !isRange(key) && stock.isBiasParam(layer, key);
    }

    @Override
    public Map<String, INDArray> init(
            NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        Map<String, INDArray> params = new LinkedHashMap<>();
        long ofStock = stock.numParams(conf);
        if (ofStock > 0) {
            params.putAll(stock.init(conf, slice(paramsView, 0, ofStock), initializeParams));
        }
        for (Map.Entry<String, INDArray> range : ranges(conf, paramsView, ofStock).entrySet()) {
            if (initializeParams) {
                range.getValue().assign(0);
            }
            params.put(range.getKey(), range.getValue());
            conf.addVariable(range.getKey());
        }
        return params;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(
            NeuralNetConfiguration conf, INDArray gradientView) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        long ofStock = stock.numParams(conf);
        if (ofStock > 0) {
            gradients.putAll(
                    stock.getGradientsFromFlattened(conf, slice(gradientView, 0, ofStock)));
        }
        gradients.putAll(ranges(conf, gradientView, ofStock));
        return gradients;
    }

    private static Map<String, INDArray> ranges(
            NeuralNetConfiguration conf, INDArray view, long from) {
        Map<String, INDArray> ranges = new LinkedHashMap<>();
        long at = from;
        for (String key : rangeKeys(conf.getLayer())) {
            ranges.put(key, slice(view, at, at + ActivationQuantizer.STATE_LENGTH));
            at += ActivationQuantizer.STATE_LENGTH;
        }
        return ranges;
    }

    private static INDArray slice(INDArray view, long from, long to) {
        return view.reshape(view.length()).get(NDArrayIndex.interval(from, to));
    }
}
