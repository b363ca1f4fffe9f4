package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.FoldedBatchNorm;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.NoIntegerForm;
import io.github.dl4jqat.layers.PassThrough;
import io.github.dl4jqat.layers.QuantActivationLayer;
import io.github.dl4jqat.layers.QuantBidirectional;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.ScaleGroups;
import io.github.dl4jqat.layers.TensorGrid;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Insertion;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

/**
 * Decides what becomes of each layer: a quantizer on the network's input, on all weights, and on
 * the output of every layer that computes new numbers; none where a tensor is on a grid already.
 * What vertices do is decided by {@link VertexPlanner}.
 */
final class Planner {

    private static final String UNQUANTIZED =
            " the network's input, which nothing has quantized; in a graph, such as"
                    + " net.toComputationGraph() gives, a quantizer is put in before it";

    private final NetworkView network;
    private final QatConfig config;
    private final boolean named;
    private final Map<String, TensorGrid> grids = new HashMap<>();
    private final Map<String, String> absorbed = new HashMap<>();
    private final Map<String, Insertion> insertions = new LinkedHashMap<>();
    private final ScaleGroups groups = new ScaleGroups();
    private final LossFunctions lossFunctions = new LossFunctions();
    private final Successors successors;
    private final VertexPlanner vertices;
    private final InputPlanner inputs;

    /**
     * A planner for one network.
     *
     * @param named whether layers find the quantizer of their input by name, as in a graph
     */
    Planner(NetworkView network, QatConfig config, boolean named) {
        this.network = network;
        this.config = config;
        this.named = named;
        successors = new Successors(network, config);
        vertices = new VertexPlanner(network, config, grids, insertions, groups);
        inputs = new InputPlanner(network, grids.keySet(), vertices);
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
        if (named) {
            inputs.toQuantize().forEach(input -> vertices.insert(input, config.forInputLayer()));
        }
        List<Entry> entries = new ArrayList<>();
        for (Node node : network.nodes()) {
            Entry entry = node.layer() == null ? vertices.decide(node) : decide(node);
            entries.add(entry);
            if (node.layer() != null) {
                follow(node, entry);
            }
        }
        return new SharedGrids(groups, config.forInput().spec())
                .applied(new PreparationPlan(entries, List.copyOf(insertions.values()), List.of()));
    }

    /** Notes on which grid a layer's output lies. */
    private void follow(Node node, Entry entry) {
        if (node.layer() instanceof BaseOutputLayer) {
            // Its quantizer is for the logits; what others read comes after the activation.
            return;
        }
        switch (entry.outcome()) {
            case QUANTIZED -> grids.put(node.name(), TensorGrid.of(node.name()));
            case ISLAND, FLOAT -> {
                if (entry.quantization() != null) {
                    grids.put(node.name(), TensorGrid.of(node.name()));
                } else if (named && vertices.feedsIntegerVertex(node)) {
                    vertices.insert(node.name(), config.forInputLayer());
                }
            }
            case PASSED_THROUGH -> {
                if (incoming(node) != null) {
                    grids.put(node.name(), incoming(node));
                } else {
                    inputs.passedThrough(node);
                }
            }
        }
    }

    private TensorGrid incoming(Node node) {
        return node.inputs().size() == 1 && PassThrough.keepsGrid(node.preProcessor())
                ? grids.get(node.inputs().get(0))
                : null;
    }

    private Entry decide(Node node) {
        Layer layer = node.layer();
        LayerRule rule = LayerRules.of(config.rules(), node);
        if (rule.float32()) {
            return Entry.stays(node, Outcome.FLOAT, "a rule keeps it float");
        }
        if (absorbed.containsKey(node.name())) {
            return Entry.absorbed(node, absorbed.get(node.name()));
        }
        TensorGrid in = incoming(node);
        if (in != null && in.combined() != null) {
            return weightless(node, rule);
        }
        if (layer instanceof ActivationLayer && lossFunctions.take(node, successors.sole(node))) {
            return Entry.keeps(
                    node,
                    "its function moves into '" + successors.sole(node).name() + "'",
                    new ActivationIdentity());
        }
        String island = NodeKinds.island(layer, null);
        if (island != null && inputs.reachUnquantized(node)) {
            return Entry.stays(node, Outcome.FLOAT, island + ", here of" + UNQUANTIZED);
        }
        if (island != null) {
            return NodeKinds.pools(layer)
                    ? pooledIsland(node, rule, island)
                    : Entry.stays(node, Outcome.ISLAND, island);
        }
        if (NodeKinds.pools(layer)
                && PassThrough.keepsGrid(layer)
                && in == null
                && inputs.reachRaw(node)) {
            return Entry.stays(node, Outcome.FLOAT, "it pools" + UNQUANTIZED);
        }
        if (PassThrough.keepsGrid(layer)) {
            return Entry.stays(node, Outcome.PASSED_THROUGH, "keeps the numbers of its input");
        }
        if (NodeKinds.isLoss(layer)) {
            IActivation f = lossFunctions.of(node);
            return Entry.keeps(
                    node,
                    "the end of the network, float by design"
                            + (f == null ? "" : ", computes " + f + " too"),
                    f);
        }
        if (layer instanceof Bidirectional bidirectional) {
            return bidirectional(node, bidirectional, rule);
        }
        if (layer instanceof VariationalAutoencoder encoder) {
            return encoder(node, encoder, rule);
        }
        if (Replacements.WEIGHTED.containsKey(layer.getClass())) {
            return NodeKinds.isLocal(layer) ? local(node, rule) : weighted(node, rule);
        }
        if (Replacements.WEIGHTLESS.containsKey(layer.getClass())) {
            return weightless(node, rule);
        }
        String reason = NoIntegerForm.reason(layer);
        return Entry.stays(
                node,
                Outcome.FLOAT,
                reason == null ? "there is no quantized " + node.kind() + " yet" : reason);
    }

    private Entry weighted(Node node, LayerRule rule) {
        BaseLayer layer = (BaseLayer) node.layer();
        boolean output = layer instanceof BaseOutputLayer;
        if ((layer instanceof DenseLayer denseLayer && denseLayer.hasLayerNorm())
                || (layer instanceof SimpleRnn simpleRnn && simpleRnn.hasLayerNorm())) {
            return Entry.stays(node, Outcome.FLOAT, "layer normalization has no integer form");
        }
        // Batch normalization ignores the activation function that its configuration may name.
        IActivation own =
                layer instanceof BatchNormalization
                        ? new ActivationIdentity()
                        : layer.getActivationFn();
        // The function of a recurrent layer is in its loop.
        boolean takes =
                !output
                        && own instanceof ActivationIdentity
                        && !(layer instanceof BaseRecurrentLayer);
        Node normalization = takes ? successors.batchNormToFold(node, rule) : null;
        Node last = normalization == null ? node : normalization;
        Node function = takes ? successors.activationToTake(last) : null;
        IActivation f =
                function == null ? own : ((ActivationLayer) function.layer()).getActivationFn();
        boolean moved = lossFunctions.take(node, successors.sole(node));
        boolean lacksLoss = LossFunctions.lacksLoss(layer) && successors.isEnd(node);
        boolean logits = output || moved || lacksLoss;
        if (!logits && !ActivationTable.isElementwise(f)) {
            return Entry.stays(node, Outcome.FLOAT, "its activation " + f + " is not elementwise");
        }
        // A rule for an activation layer is about the numbers that it makes, wherever they are
        // made.
        LayerRule outputRule =
                function == null
                        ? rule
                        : rule.overriddenBy(LayerRules.of(config.rules(), function));
        LayerQuantization q = config.forLayer(rule, outputRule, logits);
        if (layer instanceof SeparableConvolution2D) {
            q = q.withInner(config.forInner(rule));
        }
        String reason = q.weight().spec().typeName() + " weights";
        if (normalization != null) {
            q = q.withBatchNorm(FoldedBatchNorm.of((BatchNormalization) normalization.layer()));
            reason += " with '" + normalization.name() + "' folded in";
            absorbed.put(normalization.name(), "folded into the weights of '" + node.name() + "'");
        }
        if (function != null) {
            absorbed.put(function.name(), "its function moves into '" + node.name() + "'");
        }
        TensorGrid grid = incoming(node);
        if (NodeKinds.readsIndices(layer)) {
            reason = "a table of integers";
        } else if (grid == null) {
            q = q.withInput(config.forInput());
            reason += ", quantizes its input";
        } else if (named) {
            q = q.withInputFrom(grid.source());
        }
        reason += (logits ? ", logits " : ", output ") + q.output().spec().typeName();
        if (moved) {
            reason += ", its function moves into '" + successors.sole(node).name() + "'";
            f = new ActivationIdentity();
        } else if (lacksLoss) {
            reason += ", becomes an output layer with cross-entropy";
        }
        return new Entry(
                node,
                Outcome.QUANTIZED,
                reason,
                lacksLoss ? QuantOutputLayer.class : Replacements.WEIGHTED.get(layer.getClass()),
                q,
                f == layer.getActivationFn() ? null : f,
                normalization == null ? null : normalization.name());
    }

    private Entry bidirectional(Node node, Bidirectional layer, LayerRule rule) {
        Layer inside = QuantBidirectional.unwrapped(layer.getFwd());
        if (!QuantBidirectional.canHold(inside)) {
            return Entry.stays(
                    node,
                    Outcome.FLOAT,
                    inside instanceof SimpleRnn
                            ? "layer normalization has no integer form"
                            : "there is no quantized form of the "
                                    + inside.getClass().getSimpleName()
                                    + " in it");
        }
        return complete(
                node, rule, ((BaseLayer) inside).getActivationFn(), "weights in both directions");
    }

    private Entry encoder(Node node, VariationalAutoencoder layer, LayerRule rule) {
        if (!ActivationTable.isElementwise(layer.getActivationFn())) {
            return Entry.stays(
                    node,
                    Outcome.FLOAT,
                    "the activation "
                            + layer.getActivationFn()
                            + " of its encoder is not elementwise");
        }
        return complete(
                node, rule, layer.getPzxActivationFn(), "weights in all layers of its encoder");
    }

    private Entry local(Node node, LayerRule rule) {
        String refusal = NodeKinds.refusal(node.layer());
        return refusal == null
                ? complete(
                        node, rule, NodeKinds.localFunction(node.layer()), "weights per position")
                : Entry.stays(node, Outcome.FLOAT, refusal);
    }

    /** A layer that takes over nothing of what is behind it. */
    private Entry complete(Node node, LayerRule rule, IActivation f, String weights) {
        if (!ActivationTable.isElementwise(f)) {
            return Entry.stays(node, Outcome.FLOAT, "its activation " + f + " is not elementwise");
        }
        LayerQuantization q = config.forLayer(rule, rule, false);
        String reason = q.weight().spec().typeName() + " " + weights;
        TensorGrid grid = incoming(node);
        if (grid == null) {
            q = q.withInput(config.forInput());
            reason += ", quantizes its input";
        } else if (named) {
            q = q.withInputFrom(grid.source());
        }
        return new Entry(
                node,
                Outcome.QUANTIZED,
                reason + ", output " + q.output().spec().typeName(),
                Replacements.WEIGHTED.get(node.layer().getClass()),
                q,
                null,
                null);
    }

    /** A layer that computes in float, reads any grid or none, and quantizes what it gives. */
    private Entry pooledIsland(Node node, LayerRule rule, String island) {
        LayerQuantization q = config.forLayer(null, rule, false);
        return new Entry(
                node,
                Outcome.ISLAND,
                island + "; output " + q.output().spec().typeName(),
                Replacements.WEIGHTLESS.get(node.layer().getClass()),
                q,
                null,
                null);
    }

    private Entry weightless(Node node, LayerRule rule) {
        String refusal = NodeKinds.refusal(node.layer());
        if (refusal != null) {
            return Entry.stays(node, Outcome.FLOAT, refusal);
        }
        TensorGrid grid = incoming(node);
        Class<? extends Layer> twin = Replacements.WEIGHTLESS.get(node.layer().getClass());
        LayerQuantization q = config.forLayer(null, rule, false);
        if (twin != QuantActivationLayer.class
                && rule.activationQuant() == null
                && q.output().spec().symmetry() == Symmetry.MID_RISE) {
            // There is no mean of such integers that is one of them.
            q = q.withOutput(config.forInput()).withPreActivation(null);
        }
        String reason = "output " + q.output().spec().typeName();
        if (grid == null) {
            q = q.withInput(config.forInput());
            reason = "quantizes its input, " + reason;
        } else if (grid.combined() != null) {
            q = q.withCombined(grid.combined());
        } else if (named) {
            q = q.withInputFrom(grid.source());
        }
        return new Entry(node, Outcome.QUANTIZED, reason, twin, q, null, null);
    }
}
