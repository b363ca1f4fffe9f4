package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.LogitsLossLayer;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.PassOnLayer;
import io.github.dl4jqat.layers.QuantBatchNormalization;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.layers.StockForm;
import io.github.dl4jqat.layers.StockTwin;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Makes a stock network of a quantized one: nothing but classes of Deeplearning4j, so that it loads
 * where this library is not, and the weights on their grid. The reverse of {@link Preparer}, but
 * for the weights and for functions that moved into the layer before. The quantized network is not
 * touched and shares nothing with the new one.
 */
public final class Stripper {

    private Stripper() {}

    /**
     * The stock network. Layers keep their names and indices; a {@link FakeQuantLayer} becomes an
     * identity.
     *
     * @throws IllegalArgumentException if nothing in the network is quantized, or some part of it
     *     has no stock form; it names all of them
     */
    public static MultiLayerNetwork strip(MultiLayerNetwork net) {
        NetworkView view = NetworkView.of(net);
        MultiLayerConfiguration conf = net.getLayerWiseConfigurations().clone();
        Map<String, Map<String, INDArray>> params = new LinkedHashMap<>();
        for (Node node : view.nodes()) {
            params.put(node.name(), replace(conf.getConf(node.index()), node));
        }
        giveFunctionsBack(view, node -> conf.getConf(node.index()));
        requireStock(
                view,
                n ->
                        List.of(
                                conf.getConf(n.index()),
                                orNothing(conf.getInputPreProcess(n.index()))));
        requireQuantized(view, conf.toJson().equals(net.getLayerWiseConfigurations().toJson()));
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        MultiLayerNetwork stripped = new MultiLayerNetwork(conf);
        stripped.init();
        for (Node node : view.nodes()) {
            assign(node, params.get(node.name()), stripped.getLayer(node.index()));
        }
        return stripped;
    }

    /**
     * The stock graph. The quantizers that {@link Preparer} put in are taken out; any other {@link
     * FakeQuantLayer} becomes an identity.
     *
     * @throws IllegalArgumentException if nothing in the network is quantized, or some part of it
     *     has no stock form; it names all of them
     */
    public static ComputationGraph strip(ComputationGraph net) {
        NetworkView view = NetworkView.of(net);
        ComputationGraphConfiguration conf = net.getConfiguration().clone();
        Map<String, Map<String, INDArray>> params = new LinkedHashMap<>();
        for (Node node : view.nodes()) {
            GraphVertex vertex = conf.getVertices().get(node.name());
            if (vertex instanceof LayerVertex layer) {
                params.put(node.name(), replace(layer.getLayerConf(), node));
            } else if (StockTwin.isOurs(vertex.getClass())) {
                conf.getVertices().put(node.name(), StockTwin.stock(vertex, node.name()));
            }
        }
        giveFunctionsBack(
                view, node -> ((LayerVertex) conf.getVertices().get(node.name())).getLayerConf());
        removeQuantizers(view, conf);
        requireStock(view, n -> List.of(orNothing(conf.getVertices().get(n.name()))));
        requireQuantized(view, conf.toJson().equals(net.getConfiguration().toJson()));
        conf.setTopologicalOrder(null);
        conf.setTopologicalOrderStr(null);
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        ComputationGraph stripped = new ComputationGraph(conf);
        stripped.init();
        for (Node node : view.nodes()) {
            if (node.layer() == null) {
                Preparer.copyOfVertex(net, stripped, node.name());
            } else if (conf.getVertices().containsKey(node.name())) {
                assign(node, params.get(node.name()), stripped.getLayer(node.name()));
            }
        }
        return stripped;
    }

    /** Puts the stock layer into a configuration, and tells its parameters. */
    private static Map<String, INDArray> replace(NeuralNetConfiguration conf, Node node) {
        if (!(node.layer() instanceof QuantLayerConfiguration quantized)) {
            if (node.layer() instanceof LogitsLossLayer) {
                conf.setLayer(StockTwin.stock(node.layer()));
            } else if (node.layer() instanceof PassOnLayer) {
                conf.setLayer(Preparer.frozenLike(conf.getLayer(), StockTwin.stock(node.layer())));
            }
            return node.running().paramTable();
        }
        StockForm form = quantized.stockForm((QuantizedLayer) node.running());
        conf.clearVariables();
        conf.setLayer(Preparer.frozenLike(conf.getLayer(), form.layer()));
        return form.params();
    }

    /**
     * Moves the function of a batch normalization, which a stock one ignores, into the activation
     * layer behind it, from where {@link Preparer} took it.
     */
    private static void giveFunctionsBack(
            NetworkView view, Function<Node, NeuralNetConfiguration> confs) {
        List<String> problems = new ArrayList<>();
        for (Node node : view.nodes()) {
            if (!(node.layer() instanceof QuantBatchNormalization normalization)
                    || normalization.getActivationFn() instanceof ActivationIdentity) {
                continue;
            }
            List<Node> readers = view.consumers(node.name());
            if (readers.size() == 1
                    && !view.outputs().contains(node.name())
                    && readers.get(0).layer() instanceof ActivationLayer behind
                    && behind.getActivationFn() instanceof ActivationIdentity) {
                ((ActivationLayer) unwrapped(confs.apply(readers.get(0)).getLayer()))
                        .setActivationFn(normalization.getActivationFn());
            } else {
                problems.add(node.describe() + " (" + normalization.getActivationFn() + ")");
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "Qat.strip: a stock batch normalization has no activation function, and no"
                            + " identity ActivationLayer follows alone that could take it over: "
                            + String.join(", ", problems)
                            + ". Put one behind it with TransferLearning first");
        }
    }

    private static org.deeplearning4j.nn.conf.layers.Layer unwrapped(
            org.deeplearning4j.nn.conf.layers.Layer layer) {
        if (layer instanceof FrozenLayer frozen) {
            return unwrapped(frozen.getLayer());
        }
        return layer instanceof FrozenLayerWithBackprop frozen
                ? unwrapped(frozen.getUnderlying())
                : layer;
    }

    /**
     * Takes out the quantizers that {@link Preparer} put in, and lets those that read them read
     * what they read. One that gives an output of the network, or reshapes, has to stay.
     */
    private static void removeQuantizers(NetworkView view, ComputationGraphConfiguration conf) {
        Map<String, String> instead = new HashMap<>();
        for (Node node : view.nodes()) {
            if (node.layer() instanceof FakeQuantLayer
                    && node.name().endsWith(VertexPlanner.QUANTIZER)
                    && node.preProcessor() == null
                    && !view.outputs().contains(node.name())) {
                String source = node.inputs().get(0);
                instead.put(node.name(), instead.getOrDefault(source, source));
                conf.getVertices().remove(node.name());
                conf.getVertexInputs().remove(node.name());
            }
        }
        for (Map.Entry<String, List<String>> e : conf.getVertexInputs().entrySet()) {
            List<String> inputs = new ArrayList<>(e.getValue());
            inputs.replaceAll(from -> instead.getOrDefault(from, from));
            e.setValue(inputs);
        }
    }

    private static void requireQuantized(NetworkView view, boolean unchanged) {
        if (unchanged) {
            throw new IllegalArgumentException(
                    "Qat.strip: none of the "
                            + view.nodes().size()
                            + " layers and vertices is quantized; the network is a stock network"
                            + " already");
        }
    }

    private interface Parts {
        List<Object> of(Node node);
    }

    private static Object orNothing(Object part) {
        return part == null ? Map.of() : part;
    }

    /** Refuses what would not load without this library, such as a wrapper that is not known. */
    private static void requireStock(NetworkView view, Parts parts) {
        ObjectMapper mapper = NeuralNetConfiguration.mapper();
        List<String> problems = new ArrayList<>();
        for (Node node : view.nodes()) {
            for (Object part : parts.of(node)) {
                try {
                    String found = ours(mapper.readTree(mapper.writeValueAsString(part)));
                    if (found != null) {
                        problems.add(node.describe() + " holds a " + found);
                    }
                } catch (JsonProcessingException e) {
                    problems.add(node.describe() + " cannot be written as JSON: " + e);
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "Qat.strip: these have no form without dl4j-qat: "
                            + String.join("; ", problems)
                            + ". Take them out with TransferLearning first, or replace them by"
                            + " stock layers");
        }
    }

    /** The name of a class of this library that a configuration mentions, or null. */
    private static String ours(JsonNode json) {
        for (JsonNode type : json.findValues("@class")) {
            if (StockTwin.isOurs(type.asText())) {
                return type.asText();
            }
        }
        return null;
    }

    private static void assign(Node node, Map<String, INDArray> from, Layer to) {
        for (Map.Entry<String, INDArray> param : to.paramTable().entrySet()) {
            INDArray value = from.get(param.getKey());
            if (value == null || !value.equalShapes(param.getValue())) {
                throw new IllegalArgumentException(
                        "Qat.strip: "
                                + node.describe()
                                + " gives its stock form "
                                + (value == null ? "no value" : value.shapeInfoToString())
                                + " for parameter '"
                                + param.getKey()
                                + "', which expects "
                                + param.getValue().shapeInfoToString());
            }
            param.getValue().assign(value);
        }
    }
}
