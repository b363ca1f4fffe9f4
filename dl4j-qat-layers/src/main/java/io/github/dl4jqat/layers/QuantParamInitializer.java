package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * The stock parameters first, in their stock layout, then those of the quantizers. Delegates rather
 * than extends: the stock initializers slice their view by their own virtual {@code numParams},
 * which a subclass would break.
 */
final class QuantParamInitializer implements ParamInitializer {

    private final ParamInitializer stock;

    QuantParamInitializer(ParamInitializer stock) {
        this.stock = stock;
    }

    private static ExtraParameter find(Layer layer, String key) {
        ParamInitializer initializer = layer.initializer();
        ParamInitializer stock =
                initializer instanceof QuantParamInitializer quant ? quant.stock : initializer;
        for (ExtraParameter extra : ExtraParameter.of(layer, stock)) {
            if (extra.key().equals(key)) {
                return extra;
            }
        }
        return null;
    }

    /** Whether a parameter is one that the stock layer does not have. */
    static boolean isExtra(Layer layer, String key) {
        return find(layer, key) != null;
    }

    /**
     * The updater of a parameter: the layer's own, with its learning rate times the parameter's
     * factor, for a learned one; none for state.
     *
     * @return null for a parameter that the stock layer knows
     */
    static IUpdater updater(BaseLayer layer, String key) {
        return updater(layer, layer.getIUpdater(), key);
    }

    /** The same for a layer whose updater is given. */
    static IUpdater updater(Layer layer, IUpdater ofLayer, String key) {
        ExtraParameter extra = find(layer, key);
        return extra == null ? null : updater(ofLayer, extra);
    }

    /** The updater of a parameter that is not the stock layer's. */
    static IUpdater updater(BaseLayer layer, ExtraParameter extra) {
        return updater(layer.getIUpdater(), extra);
    }

    private static IUpdater updater(IUpdater ofLayer, ExtraParameter extra) {
        if (!extra.trained()) {
            return new NoOp();
        }
        return extra.learned() == null
                ? ofLayer
                : ScaledRate.of(ofLayer, extra.learned().learningRate());
    }

    /** The penalties on a parameter, or null for one that the stock layer knows. */
    static List<Regularization> regularization(Layer layer, String key) {
        ExtraParameter extra = find(layer, key);
        return extra == null ? null : regularization(extra);
    }

    /** The penalties on a parameter that is not the stock layer's. */
    static List<Regularization> regularization(ExtraParameter extra) {
        return extra.trained() && extra.learned() != null && extra.learned().l2() > 0
                ? List.of(new L2Regularization(extra.learned().l2()))
                : List.of();
    }

    /** Whether the gradient of a parameter is a sum over the batch that DL4J has to divide. */
    static boolean dividedByMinibatch(Layer layer, String key) {
        ExtraParameter extra = find(layer, key);
        return extra == null || extra.trained();
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return stock.numParams(conf) + extras(conf.getLayer());
    }

    /** Some stock initializers know all of their parameters only by the other method. */
    @Override
    public long numParams(Layer layer) {
        NeuralNetConfiguration conf = new NeuralNetConfiguration();
        conf.setLayer(layer);
        return numParams(conf);
    }

    private long extras(Layer layer) {
        long n = 0;
        for (ExtraParameter extra : ExtraParameter.of(layer, stock)) {
            n += extra.length();
        }
        return n;
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        List<String> keys = new ArrayList<>(stock.paramKeys(layer));
        ExtraParameter.of(layer, stock).forEach(e -> keys.add(e.key()));
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
        return stock.weightKeys(layer).contains(key);
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return stock.biasKeys(layer).contains(key);
    }

    @Override
    public Map<String, INDArray> init(
            NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        Map<String, INDArray> params = new LinkedHashMap<>();
        long ofStock = stock.numParams(conf);
        if (ofStock > 0) {
            params.putAll(stock.init(conf, slice(paramsView, 0, ofStock), initializeParams));
        }
        Map<String, INDArray> views = views(conf, paramsView, ofStock);
        for (ExtraParameter extra : ExtraParameter.of(conf.getLayer(), stock)) {
            INDArray view = views.get(extra.key());
            if (initializeParams) {
                view.assign(extra.initial());
            }
            params.put(extra.key(), view);
            conf.addVariable(extra.key());
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
        gradients.putAll(views(conf, gradientView, ofStock));
        return gradients;
    }

    private Map<String, INDArray> views(NeuralNetConfiguration conf, INDArray view, long from) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        long at = from;
        for (ExtraParameter extra : ExtraParameter.of(conf.getLayer(), stock)) {
            views.put(extra.key(), slice(view, at, at + extra.length()));
            at += extra.length();
        }
        return views;
    }

    private static INDArray slice(INDArray view, long from, long to) {
        return view.reshape(view.length()).get(NDArrayIndex.interval(from, to));
    }
}
