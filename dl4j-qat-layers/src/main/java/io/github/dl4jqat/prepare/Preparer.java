package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.FoldedBatchNorm;
import io.github.dl4jqat.layers.LogitsLossLayer;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.PassOnLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Insertion;
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
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
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
        for (Entry entry : plan.entries()) {
            int i = entry.node().index();
            copy(net.getLayer(i), prepared.getLayer(i));
            if (entry.batchNorm() != null) {
                FoldedBatchNorm.copyParameters(
                        net.getLayer(i + 1).paramTable(), prepared.getLayer(i).paramTable());
            }
        }
        return prepared;
    }

    /** The quantized graph; see {@link #prepare(MultiLayerNetwork, QatConfig)}. */
    public static ComputationGraph prepare(ComputationGraph net, QatConfig config) {
        requireDataType(net.getConfiguration().getDataType());
        PreparationPlan plan = plan(net, config);
        report(plan, config);
        // Not by clone(): that of a MergeVertex forgets its axis.
        ComputationGraphConfiguration conf =
                ComputationGraphConfiguration.fromJson(net.getConfiguration().toJson());
        for (Entry entry : plan.entries()) {
            if (entry.node().layer() != null) {
                LayerVertex vertex = (LayerVertex) conf.getVertices().get(entry.node().name());
                replace(vertex.getLayerConf(), entry);
            }
        }
        plan.insertions().forEach(insertion -> insert(conf, insertion));
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        ComputationGraph prepared = new ComputationGraph(conf);
        prepared.init();
        for (Entry entry : plan.entries()) {
            String name = entry.node().name();
            if (entry.node().layer() == null) {
                copyOfVertex(net, prepared, name);
            } else {
                copy(net.getLayer(name), prepared.getLayer(name));
                if (entry.batchNorm() != null) {
                    FoldedBatchNorm.copyParameters(
                            net.getLayer(entry.batchNorm()).paramTable(),
                            prepared.getLayer(name).paramTable());
                }
            }
        }
        return prepared;
    }

    private static void requireDataType(DataType type) {
        if (type == DataType.FLOAT16) {
            LOG.warn(
                    "The network's data type is HALF, which does not hold the integers of an exact"
                            + " evaluation. It can be trained so; to evaluate as the integer model"
                            + " does, and to convert, use net.convertDataType(DataType.FLOAT)");
        } else if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(
                    "Qat.prepare: the network's data type is "
                            + type
                            + ", in which Deeplearning4j cannot train; use"
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
        boolean islands = floats.stream().allMatch(e -> e.outcome() == Outcome.ISLAND);
        LOG.warn(
                islands
                        ? "These compute in float, in the integer model too: {}"
                        : "These stay float, and the network cannot be converted with some of"
                                + " them: {}",
                list);
    }

    private static void replace(NeuralNetConfiguration conf, Entry entry) {
        Layer layer = null;
        if (entry.twin() == PassOnLayer.class) {
            layer = new PassOnLayer();
        } else if (entry.twin() != null) {
            layer = twin(entry);
        } else if (entry.activation() != null && conf.getLayer() instanceof LossLayer loss) {
            layer = LogitsLossLayer.of(loss, entry.activation());
        } else if (entry.activation() != null) {
            // Its function has moved into the loss layer behind it.
            layer = new ActivationLayer.Builder().activation(entry.activation()).build();
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
        } else if (old instanceof LastTimeStep wrapper) {
            wrapped = new LastTimeStep(frozenLike(wrapper.getUnderlying(), layer));
        } else if (old instanceof TimeDistributed wrapper) {
            Layer inside = frozenLike(wrapper.getUnderlying(), layer);
            wrapped = new TimeDistributed(inside, wrapper.getRnnDataFormat());
        } else if (old instanceof MaskZeroLayer wrapper) {
            Layer inside = frozenLike(wrapper.getUnderlying(), layer);
            wrapped = new MaskZeroLayer(inside, wrapper.getMaskingValue());
        }
        wrapped.setLayerName(old.getLayerName());
        return wrapped;
    }

    private static Layer twin(Entry entry) {
        Layer twin =
                QuantLayerBuilder.twin(entry.node().layer(), entry.twin(), entry.quantization());
        if (entry.activation() != null) {
            ((BaseLayer) twin).setActivationFn(entry.activation());
        }
        if (twin instanceof QuantOutputLayer end && end.getLossFn() == null) {
            // Of a dense layer.
            end.setLossFn(new LossMCXENT());
        }
        return twin;
    }

    private static void insert(ComputationGraphConfiguration conf, Insertion insertion) {
        FakeQuantLayer quantizer =
                new FakeQuantLayer.Builder()
                        .quantization(insertion.quantization())
                        .name(insertion.name())
                        .build();
        NeuralNetConfiguration layerConf = conf.getDefaultConfiguration().clone();
        layerConf.setLayer(quantizer);
        layerConf.clearVariables();
        for (Map.Entry<String, List<String>> e : conf.getVertexInputs().entrySet()) {
            List<String> inputs = new ArrayList<>(e.getValue());
            inputs.replaceAll(from -> from.equals(insertion.after()) ? insertion.name() : from);
            e.setValue(inputs);
        }
        List<String> outputs = new ArrayList<>(conf.getNetworkOutputs());
        outputs.replaceAll(output -> output.equals(insertion.after()) ? insertion.name() : output);
        conf.setNetworkOutputs(outputs);
        conf.getVertices().put(insertion.name(), new LayerVertex(layerConf, null));
        conf.getVertexInputs().put(insertion.name(), new ArrayList<>(List.of(insertion.after())));
        conf.setTopologicalOrder(null);
        conf.setTopologicalOrderStr(null);
    }

    /** Some vertices have parameters too. */
    static void copyOfVertex(ComputationGraph from, ComputationGraph to, String name) {
        Map<String, INDArray> params = from.getVertex(name).paramTable(false);
        if (params != null) {
            Map<String, INDArray> targets = to.getVertex(name).paramTable(false);
            params.forEach((key, value) -> targets.get(key).assign(value));
        }
    }

    private static void copy(
            org.deeplearning4j.nn.api.Layer from, org.deeplearning4j.nn.api.Layer to) {
        for (Map.Entry<String, INDArray> param : from.paramTable().entrySet()) {
            INDArray target = to.paramTable().get(param.getKey());
            // A batch normalization that was folded has none any more.
            if (target != null) {
                target.assign(param.getValue());
            }
        }
    }
}
