package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.CombinedInput;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.NoIntegerForm;
import io.github.dl4jqat.layers.PassThrough;
import io.github.dl4jqat.layers.ScaleGroups;
import io.github.dl4jqat.layers.TensorGrid;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Insertion;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;

/**
 * Decides what becomes of a graph's vertices. A vertex stays what it is; where it makes new
 * numbers, the activation layer behind it quantizes them, or a quantizer is put in.
 */
final class VertexPlanner {

    /** What is appended to a name for the quantizer that is put in behind it. */
    static final String QUANTIZER = "-quant";

    private final NetworkView network;
    private final QatConfig config;
    private final Map<String, TensorGrid> grids;
    private final Map<String, Insertion> insertions;
    private final ScaleGroups groups;

    /** Shares the planner's books. */
    VertexPlanner(
            NetworkView network,
            QatConfig config,
            Map<String, TensorGrid> grids,
            Map<String, Insertion> insertions,
            ScaleGroups groups) {
        this.network = network;
        this.config = config;
        this.grids = grids;
        this.insertions = insertions;
        this.groups = groups;
    }

    /** Puts a quantizer behind a network input, layer or vertex. */
    void insert(String after, LayerQuantization q) {
        String name = after + QUANTIZER;
        if (network.byName().containsKey(name) || network.inputs().contains(name)) {
            throw new IllegalArgumentException(
                    "Qat.prepare: '"
                            + after
                            + "' needs a quantizer named '"
                            + name
                            + "', but a vertex has that name; rename it");
        }
        insertions.put(after, new Insertion(after, name, q));
        grids.put(after, TensorGrid.of(name));
    }

    /** Whether a vertex computes on integers, given integers. */
    boolean hasIntegerForm(Node node) {
        return TensorGrid.hasIntegerForm(node.vertex()) || NodeKinds.isElementwise(node.vertex());
    }

    /** Whether what a node gives reaches a vertex that computes on integers. */
    boolean feedsIntegerVertex(Node node) {
        for (Node reader : network.consumers(node.name())) {
            boolean reached =
                    reader.layer() == null
                            ? hasIntegerForm(reader)
                            : PassThrough.keepsGrid(reader.layer()) && feedsIntegerVertex(reader);
            if (reached) {
                return true;
            }
        }
        return false;
    }

    Entry decide(Node node) {
        if (LayerRules.of(config.rules(), node).float32()) {
            return floating(node, Outcome.FLOAT, "a rule keeps it float");
        }
        String island = NodeKinds.island(null, node.vertex());
        if (island != null) {
            return floating(node, Outcome.ISLAND, island);
        }
        if (!hasIntegerForm(node)) {
            return floating(node, Outcome.FLOAT, NoIntegerForm.reason(node.vertex()));
        }
        List<TensorGrid> inputs = new ArrayList<>();
        for (String input : node.inputs()) {
            if (grids.get(input) == null) {
                return floating(node, Outcome.FLOAT, "its input '" + input + "' is not quantized");
            }
            inputs.add(grids.get(input));
        }
        if (NodeKinds.isElementwise(node.vertex())) {
            return quantizedBehind(node, null, "a table of its input's integers");
        }
        TensorGrid grid = TensorGrid.behind(node.vertex(), inputs);
        if (grid == null) {
            return floating(
                    node,
                    Outcome.FLOAT,
                    "an integer model multiplies two tensors at a time; put two Product vertices"
                            + " in a row");
        }
        if (TensorGrid.wantsOneGrid(node.vertex())) {
            groups.join(inputs.stream().map(TensorGrid::source).toList());
        }
        if (grid.combined() == null) {
            grids.put(node.name(), grid);
            return Entry.stays(node, Outcome.PASSED_THROUGH, "keeps the numbers of its inputs");
        }
        String what = grid.combined().kind().name().toLowerCase(Locale.ROOT) + " of integers";
        Node function = functionBehind(node);
        if (function == null) {
            return quantizedBehind(node, grid.combined(), what);
        }
        grids.put(node.name(), grid);
        return Entry.stays(
                node, Outcome.PASSED_THROUGH, what + ", quantized by '" + function.name() + "'");
    }

    private Entry quantizedBehind(Node node, CombinedInput combined, String what) {
        LayerRule rule = LayerRules.of(config.rules(), node);
        LayerQuantization q = config.forLayer(null, rule, false);
        if (q.output().spec().symmetry() == Symmetry.MID_RISE) {
            q = config.forInputLayer();
        }
        insert(node.name(), q.withCombined(combined));
        return Entry.stays(
                node,
                Outcome.PASSED_THROUGH,
                what
                        + ", quantized by '"
                        + node.name()
                        + QUANTIZER
                        + "', "
                        + q.output().spec().typeName());
    }

    private Entry floating(Node node, Outcome outcome, String reason) {
        if (feedsIntegerVertex(node)) {
            insert(node.name(), config.forInputLayer());
        }
        return Entry.stays(node, outcome, reason);
    }

    /**
     * The activation layer that alone reads a sum, and clamps: requantization does it by itself.
     */
    private Node functionBehind(Node node) {
        List<Node> readers = network.consumers(node.name());
        if (readers.size() != 1
                || network.outputs().contains(node.name())
                || readers.get(0).layer() == null
                || readers.get(0).preProcessor() != null
                || readers.get(0).layer().getClass() != ActivationLayer.class) {
            return null;
        }
        Node reader = readers.get(0);
        LayerRule rule = LayerRules.of(config.rules(), reader);
        boolean consecutive =
                config.forLayer(null, rule, false).output().spec().symmetry() != Symmetry.MID_RISE;
        return consecutive
                        && !rule.float32()
                        && ActivationTable.isClamp(
                                ((ActivationLayer) reader.layer()).getActivationFn())
                ? reader
                : null;
    }
}
