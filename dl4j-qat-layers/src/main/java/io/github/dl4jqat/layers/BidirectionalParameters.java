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
 * The parameters of a bidirectional layer: all of the layer that reads forward, all of the other,
 * then those of the quantizers around them.
 */
final class BidirectionalParameters implements ParamInitializer {

    private final Directions directions;

    BidirectionalParameters(Directions directions) {
        this.directions = directions;
    }

    private ParamInitializer initializer(boolean forward) {
        return directions.recurrent(forward).initializer();
    }

    /** How many parameters one direction has. */
    long count(boolean forward) {
        return initializer(forward).numParams(directions.recurrent(forward));
    }

    /** The part of a view that belongs to one direction. */
    INDArray part(INDArray view, boolean forward) {
        long first = count(true);
        return forward ? slice(view, 0, first) : slice(view, first, first + count(false));
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        return count(true)
                + count(false)
                + directions.own().stream().mapToLong(ExtraParameter::length).sum();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return directions.allKeys();
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        List<String> keys = new ArrayList<>();
        for (boolean forward : new boolean[] {true, false}) {
            for (String key : initializer(forward).weightKeys(directions.recurrent(forward))) {
                keys.add(directions.outside(forward, key));
            }
        }
        return keys;
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        List<String> keys = new ArrayList<>();
        for (boolean forward : new boolean[] {true, false}) {
            for (String key : initializer(forward).biasKeys(directions.recurrent(forward))) {
                keys.add(directions.outside(forward, key));
            }
        }
        return keys;
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return weightKeys(layer).contains(key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return biasKeys(layer).contains(key);
    }

    /** A configuration of one direction alone, as initializers want it. */
    private NeuralNetConfiguration inside(NeuralNetConfiguration conf, boolean forward) {
        NeuralNetConfiguration inside = conf.clone();
        inside.clearVariables();
        inside.setLayer(directions.recurrent(forward));
        return inside;
    }

    @Override
    public Map<String, INDArray> init(
            NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        Map<String, INDArray> params = new LinkedHashMap<>();
        for (boolean forward : new boolean[] {true, false}) {
            initializer(forward)
                    .init(inside(conf, forward), part(paramsView, forward), initializeParams)
                    .forEach((key, view) -> params.put(directions.outside(forward, key), view));
        }
        Map<String, INDArray> own = ownViews(paramsView);
        for (ExtraParameter extra : directions.own()) {
            if (initializeParams) {
                own.get(extra.key()).assign(extra.initial());
            }
        }
        params.putAll(own);
        conf.clearVariables();
        params.keySet().forEach(conf::addVariable);
        return params;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(
            NeuralNetConfiguration conf, INDArray gradientView) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        for (boolean forward : new boolean[] {true, false}) {
            initializer(forward)
                    .getGradientsFromFlattened(inside(conf, forward), part(gradientView, forward))
                    .forEach((key, view) -> gradients.put(directions.outside(forward, key), view));
        }
        gradients.putAll(ownViews(gradientView));
        return gradients;
    }

    /** The views of the parameters that are in neither direction. */
    Map<String, INDArray> ownViews(INDArray view) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        long at = count(true) + count(false);
        for (ExtraParameter extra : directions.own()) {
            views.put(extra.key(), slice(view, at, at + extra.length()));
            at += extra.length();
        }
        return views;
    }

    private static INDArray slice(INDArray view, long from, long to) {
        return view.reshape(view.length()).get(NDArrayIndex.interval(from, to));
    }
}
