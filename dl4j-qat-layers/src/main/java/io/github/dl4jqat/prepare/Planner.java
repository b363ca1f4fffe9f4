package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.PassThrough;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

/**
 * Decides what becomes of each layer: a quantizer on the network's input, on all weights, and on
 * the output of every layer that computes new numbers; none where a tensor is on a grid already.
 */
final class Planner {

    /** What is appended to an input's name for the quantizer that several layers share. */
    static final String INPUT_QUANTIZER = "-quant";

    private final NetworkView network;
    private final QatConfig config;
    private final boolean named;
    private final Map<String, String> grids = new HashMap<>();
    private final Map<String, IActivation> merged = new HashMap<>();
    private final Set<String> raw = new HashSet<>();

    /**
     * A planner for one network.
     *
     * @param named whether layers find the quantizer of their input by name, as in a graph
     */
    Planner(NetworkView network, QatConfig config, boolean named) {
        this.network = network;
        this.config = config;
        this.named = named;
    }

    /**
     * The plan.
     *
     * @throws IllegalArgumentException if the network is quantized already or a rule matches
     *     nothing
     */
    PreparationPlan plan() {
        for (Node node : network.nodes()) {
            if (node.layer() instanceof QuantLayerConfiguration) {
                throw new IllegalArgumentException(
                        "Qat.prepare: "
                                + node.describe()
                                + " is quantized already. Prepare the float network, or go on"
                                + " training this one");
            }
        }
        LayerRules.requireAllMatch(config.rules(), network);
        raw.addAll(network.inputs());
        for (String input : inputsToQuantize()) {
            grids.put(input, input + INPUT_QUANTIZER);
        }
        List<Entry> entries = new ArrayList<>();
        for (Node node : network.nodes()) {
            Entry entry = decide(node);
            entries.add(entry);
            if (node.layer() instanceof OutputLayer) {
                // Its quantizer is for the logits; what others read comes after the activation.
                continue;
            }
            if (entry.outcome() == Outcome.PASSED_THROUGH && readsRawInput(node)) {
                raw.add(node.name());
            }
            if (entry.outcome() == Outcome.QUANTIZED) {
                grids.put(node.name(), node.name());
            } else if (entry.outcome() == Outcome.PASSED_THROUGH && incomingGrid(node) != null) {
                grids.put(node.name(), incomingGrid(node));
            }
        }
        return new PreparationPlan(List.copyOf(entries));
    }

    /**
     * The network's inputs that get a quantizer of their own: those that several nodes read, and
     * those that a layer without a quantizer reads first, such as max pooling.
     */
    List<String> inputsToQuantize() {
        List<String> shared = new ArrayList<>();
        for (String input : network.inputs()) {
            List<Node> readers = network.consumers(input);
            boolean passedOn =
                    readers.stream()
                            .anyMatch(n -> n.layer() != null && PassThrough.keepsGrid(n.layer()));
            boolean wanted = readers.stream().anyMatch(this::leadsToWeights);
            if (named && wanted && (readers.size() > 1 || passedOn)) {
                shared.add(input);
            }
        }
        return shared;
    }

    /** Whether a layer, or one that reads its numbers unchanged, multiplies them by weights. */
    private boolean leadsToWeights(Node node) {
        if (node.layer() == null) {
            return false;
        }
        return Replacements.WEIGHTED.containsKey(node.layer().getClass())
                || (PassThrough.keepsGrid(node.layer())
                        && network.consumers(node.name()).stream().anyMatch(this::leadsToWeights));
    }

    private String incomingGrid(Node node) {
        return node.inputs().size() == 1 && PassThrough.keepsGrid(node.preProcessor())
                ? grids.get(node.inputs().get(0))
                : null;
    }

    /** Whether a node reads the network's input, in a shape that nothing tells. */
    private boolean readsRawInput(Node node) {
        return node.preProcessor() == null && raw.contains(node.inputs().get(0));
    }

    private static boolean pools(Layer layer) {
        return layer instanceof SubsamplingLayer || layer instanceof GlobalPoolingLayer;
    }

    private Entry decide(Node node) {
        Layer layer = node.layer();
        if (layer == null) {
            return stays(node, Outcome.FLOAT, "vertices are not quantized");
        }
        LayerRule rule = LayerRules.of(config.rules(), node);
        if (rule.float32()) {
            return stays(node, Outcome.FLOAT, "a rule keeps it float");
        }
        if (merged.containsKey(node.name())) {
            return new Entry(
                    node,
                    Outcome.PASSED_THROUGH,
                    "its function moves into the layer before it",
                    null,
                    null,
                    new ActivationIdentity());
        }
        if (pools(layer) && incomingGrid(node) == null && readsRawInput(node)) {
            return stays(
                    node,
                    Outcome.FLOAT,
                    "it pools the network's input before anything quantizes it; begin the network"
                            + " with a FakeQuantLayer");
        }
        if (PassThrough.keepsGrid(layer)) {
            return stays(node, Outcome.PASSED_THROUGH, "keeps the numbers of its input");
        }
        if (layer instanceof LossLayer) {
            return stays(node, Outcome.PASSED_THROUGH, "the end of the network, float by design");
        }
        if (Replacements.WEIGHTED.containsKey(layer.getClass())) {
            return weighted(node, rule);
        }
        if (Replacements.WEIGHTLESS.containsKey(layer.getClass())) {
            return weightless(node, rule);
        }
        return stays(node, Outcome.FLOAT, "there is no quantized " + node.kind() + " yet");
    }

    private Entry weighted(Node node, LayerRule rule) {
        BaseLayer layer = (BaseLayer) node.layer();
        boolean output = layer instanceof OutputLayer;
        if (layer instanceof DenseLayer denseLayer && denseLayer.hasLayerNorm()) {
            return stays(node, Outcome.FLOAT, "layer normalization has no integer form");
        }
        IActivation taken = output ? null : activationToTake(node);
        IActivation f = taken == null ? layer.getActivationFn() : taken;
        if (!output && !ActivationTable.isElementwise(f)) {
            return stays(node, Outcome.FLOAT, "its activation " + f + " is not elementwise");
        }
        // A rule for an activation layer is about the numbers that it makes, wherever they are
        // made.
        LayerRule outputRule =
                taken == null
                        ? rule
                        : rule.overriddenBy(
                                LayerRules.of(
                                        config.rules(), network.consumers(node.name()).get(0)));
        LayerQuantization q = config.forLayer(rule, outputRule, output);
        String reason = q.weight().spec().typeName() + " weights";
        String grid = incomingGrid(node);
        if (grid == null) {
            q = q.withInput(config.forInput());
            reason += ", quantizes its input";
        } else if (named) {
            q = q.withInputFrom(grid);
        }
        reason += (output ? ", logits " : ", output ") + q.output().spec().typeName();
        return new Entry(
                node,
                Outcome.QUANTIZED,
                reason,
                Replacements.WEIGHTED.get(layer.getClass()),
                q,
                taken);
    }

    /** The function of an activation layer that alone reads a linear layer without one. */
    private IActivation activationToTake(Node node) {
        List<Node> consumers = network.consumers(node.name());
        if (!(((BaseLayer) node.layer()).getActivationFn() instanceof ActivationIdentity)
                || consumers.size() != 1
                || network.outputs().contains(node.name())
                || consumers.get(0).preProcessor() != null
                || consumers.get(0).layer() == null
                || consumers.get(0).layer().getClass() != ActivationLayer.class
                || LayerRules.of(config.rules(), consumers.get(0)).float32()) {
            return null;
        }
        IActivation f = ((ActivationLayer) consumers.get(0).layer()).getActivationFn();
        if (f instanceof ActivationIdentity || !ActivationTable.isElementwise(f)) {
            return null;
        }
        merged.put(consumers.get(0).name(), f);
        return f;
    }

    private Entry weightless(Node node, LayerRule rule) {
        String refusal = refusal(node.layer());
        if (refusal != null) {
            return stays(node, Outcome.FLOAT, refusal);
        }
        String grid = incomingGrid(node);
        if (grid == null) {
            return stays(node, Outcome.FLOAT, "its input is not quantized");
        }
        LayerQuantization q = config.forLayer(null, rule, false);
        return new Entry(
                node,
                Outcome.QUANTIZED,
                "output " + q.output().spec().typeName(),
                Replacements.WEIGHTLESS.get(node.layer().getClass()),
                named ? q.withInputFrom(grid) : q,
                null);
    }

    private static String refusal(Layer layer) {
        PoolingType pooling = null;
        if (layer instanceof SubsamplingLayer subsamplingLayer) {
            pooling = subsamplingLayer.getPoolingType();
        } else if (layer instanceof GlobalPoolingLayer globalPoolingLayer) {
            pooling = globalPoolingLayer.getPoolingType();
        }
        if (pooling == PoolingType.PNORM) {
            return "p-norm pooling has no integer form";
        }
        if (layer instanceof ActivationLayer activationLayer
                && !ActivationTable.isElementwise(activationLayer.getActivationFn())) {
            return "its function is not elementwise";
        }
        return null;
    }

    private static Entry stays(Node node, Outcome outcome, String reason) {
        return new Entry(node, outcome, reason, null, null, null);
    }
}
