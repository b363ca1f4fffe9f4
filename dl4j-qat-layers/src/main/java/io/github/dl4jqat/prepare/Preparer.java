package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.StockTwin;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the quantized network of a float one: same layer names and indices, same parameters, fresh
 * updater, counters at zero. The float network is not touched and shares nothing with the new one.
 */
public final class Preparer {

    private static final Logger LOG = LoggerFactory.getLogger(Preparer.class);

    private Preparer() {}

    /** What {@link #prepare(MultiLayerNetwork, QatConfig)} would do. */
    public static PreparationPlan plan(MultiLayerNetwork net, QatConfig config) {
        return new Planner(NetworkView.of(net), config, false).plan();
    }

    /** What {@link #prepare(ComputationGraph, QatConfig)} would do. */
    public static PreparationPlan plan(ComputationGraph net, QatConfig config) {
        return new Planner(NetworkView.of(net), config, true).plan();
    }

    /**
     * The quantized network.
     *
     * @throws IllegalArgumentException if the network is quantized already, has a data type that
     *     cannot carry it, a rule matches no layer, or {@code strict} is on and a layer stays
     *     float; it names all offenders at once
     */
    public static MultiLayerNetwork prepare(MultiLayerNetwork net, QatConfig config) {
        requireDataType(net.getLayerWiseConfigurations().getDataType());
        PreparationPlan plan = plan(net, config);
        report(plan, config);
        MultiLayerConfiguration conf = net.getLayerWiseConfigurations().clone();
        for (Entry entry : plan.entries()) {
            replace(conf.getConf(entry.node().index()), entry);
        }
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        MultiLayerNetwork prepared = new MultiLayerNetwork(conf);
        prepared.init();
        for (int i = 0; i < net.getnLayers(); i++) {
            copy(net.getLayer(i), prepared.getLayer(i));
        }
        return prepared;
    }

    /** The quantized graph; see {@link #prepare(MultiLayerNetwork, QatConfig)}. */
    public static ComputationGraph prepare(ComputationGraph net, QatConfig config) {
        requireDataType(net.getConfiguration().getDataType());
        Planner planner = new Planner(NetworkView.of(net), config, true);
        PreparationPlan plan = planner.plan();
        report(plan, config);
        ComputationGraphConfiguration conf = net.getConfiguration().clone();
        for (Entry entry : plan.entries()) {
            if (entry.node().layer() != null) {
                LayerVertex vertex = (LayerVertex) conf.getVertices().get(entry.node().name());
                replace(vertex.getLayerConf(), entry);
            }
        }
        for (String input : planner.inputsToQuantize()) {
            insertQuantizer(conf, input, config);
        }
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        ComputationGraph prepared = new ComputationGraph(conf);
        prepared.init();
        for (org.deeplearning4j.nn.api.Layer layer : net.getLayers()) {
            String name = layer.conf().getLayer().getLayerName();
            copy(net.getLayer(name), prepared.getLayer(name));
        }
        return prepared;
    }

    private static void requireDataType(DataType type) {
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(
                    "Qat.prepare: the network's data type is "
                            + type
                            + ", which cannot hold the accumulators of an integer model; use"
                            + " net.convertDataType(DataType.FLOAT) first");
        }
    }

    private static void report(PreparationPlan plan, QatConfig config) {
        List<Entry> floats = plan.floatLayers();
        if (floats.isEmpty()) {
            LOG.debug("Prepared:\n{}", plan);
            return;
        }
        String list =
                floats.stream()
                        .map(e -> e.node().describe() + ": " + e.reason())
                        .collect(Collectors.joining("; "));
        if (config.strict()) {
            throw new IllegalArgumentException(
                    "Qat.prepare: strict is on, and these must stay float: "
                            + list
                            + ". Turn strict off, or replace these layers");
        }
        LOG.warn("These stay float, and an integer model cannot be made of them: {}", list);
    }

    private static void replace(NeuralNetConfiguration conf, Entry entry) {
        Layer layer = null;
        if (entry.outcome() == Outcome.QUANTIZED) {
            layer = twin(entry);
        } else if (entry.activation() != null) {
            layer = entry.node().layer().clone();
            ((ActivationLayer) layer).setActivationFn(entry.activation());
        }
        if (layer == null) {
            return;
        }
        conf.clearVariables();
        conf.setLayer(frozenLike(conf.getLayer(), layer));
    }

    /** A layer in the wrappers of another one. */
    static Layer frozenLike(Layer old, Layer layer) {
        Layer wrapped = layer;
        if (old instanceof FrozenLayer frozen) {
            wrapped = new FrozenLayer(frozenLike(frozen.getLayer(), layer));
        } else if (old instanceof FrozenLayerWithBackprop frozen) {
            wrapped = new FrozenLayerWithBackprop(frozenLike(frozen.getUnderlying(), layer));
        }
        wrapped.setLayerName(old.getLayerName());
        return wrapped;
    }

    private static Layer twin(Entry entry) {
        Layer twin = twin(entry.node().layer(), entry.twin(), entry.quantization());
        if (entry.activation() != null) {
            ((BaseLayer) twin).setActivationFn(entry.activation());
        }
        return twin;
    }

    /** The registry holds classes of both kinds, which a type token cannot say. */
    @SuppressWarnings("unchecked")
    private static <T extends Layer & QuantLayerConfiguration> Layer twin(
            Layer stock, Class<? extends Layer> type, LayerQuantization quantization) {
        return StockTwin.of(stock, (Class<T>) type, quantization);
    }

    private static void insertQuantizer(
            ComputationGraphConfiguration conf, String input, QatConfig config) {
        String name = input + Planner.INPUT_QUANTIZER;
        if (conf.getVertices().containsKey(name)) {
            throw new IllegalArgumentException(
                    "Qat.prepare: input '"
                            + input
                            + "' needs a quantizer named '"
                            + name
                            + "', but a vertex has that name; rename it");
        }
        FakeQuantLayer quantizer =
                new FakeQuantLayer.Builder()
                        .quantization(config.forInputLayer())
                        .name(name)
                        .build();
        NeuralNetConfiguration layerConf = conf.getDefaultConfiguration().clone();
        layerConf.setLayer(quantizer);
        layerConf.clearVariables();
        for (Map.Entry<String, List<String>> e : conf.getVertexInputs().entrySet()) {
            List<String> inputs = new ArrayList<>(e.getValue());
            inputs.replaceAll(from -> from.equals(input) ? name : from);
            e.setValue(inputs);
        }
        conf.getVertices().put(name, new LayerVertex(layerConf, null));
        conf.getVertexInputs().put(name, new ArrayList<>(List.of(input)));
        conf.setTopologicalOrder(null);
        conf.setTopologicalOrderStr(null);
    }

    private static void copy(
            org.deeplearning4j.nn.api.Layer from, org.deeplearning4j.nn.api.Layer to) {
        for (Map.Entry<String, INDArray> param : from.paramTable().entrySet()) {
            to.getParam(param.getKey()).assign(param.getValue());
        }
    }
}
