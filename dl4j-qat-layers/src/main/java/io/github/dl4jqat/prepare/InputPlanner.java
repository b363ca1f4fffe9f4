package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.PassThrough;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.conf.layers.Layer;

/**
 * Decides which inputs of a network get a quantizer of their own, and follows those that have none
 * through the layers that hand them on. Belongs to one {@link Planner}.
 */
final class InputPlanner {

    private final NetworkView network;
    private final Set<String> onGrid;
    private final VertexPlanner vertices;

    /** Nodes that give the numbers of an input as they are. */
    private final Set<String> unquantized;

    /** Those of them that give them in a shape that nothing tells. */
    private final Set<String> raw;

    /**
     * Before anything is decided.
     *
     * @param onGrid names of what lies on a grid; grows as the planner goes on
     */
    InputPlanner(NetworkView network, Set<String> onGrid, VertexPlanner vertices) {
        this.network = network;
        this.onGrid = onGrid;
        this.vertices = vertices;
        unquantized = new HashSet<>(network.inputs());
        raw = new HashSet<>(network.inputs());
    }

    /**
     * Inputs that several nodes read, and those that a vertex or a layer without a quantizer reads
     * first, such as max pooling or what computes in float.
     */
    List<String> toQuantize() {
        List<String> shared = new ArrayList<>();
        for (String input : network.inputs()) {
            List<Node> readers = network.consumers(input);
            boolean passedOn = readers.stream().anyMatch(this::passesOn);
            boolean wanted = readers.stream().anyMatch(this::leadsToWeights);
            if (wanted && (readers.size() > 1 || passedOn)) {
                shared.add(input);
            }
        }
        return shared;
    }

    /** Whether a node needs integers and has no quantizer for its own input. */
    private boolean passesOn(Node node) {
        if (NodeKinds.island(node.layer(), node.vertex()) != null) {
            return true;
        }
        return node.layer() == null
                ? vertices.hasIntegerForm(node)
                : PassThrough.keepsGrid(node.layer())
                        || Replacements.WEIGHTLESS.containsKey(node.layer().getClass());
    }

    /** Whether a layer, or one behind layers without weights, multiplies by weights. */
    private boolean leadsToWeights(Node node) {
        Layer layer = node.layer();
        if (layer != null
                && !NodeKinds.readsIndices(layer)
                && Replacements.WEIGHTED.containsKey(layer.getClass())) {
            return true;
        }
        return passesOn(node)
                && network.consumers(node.name()).stream().anyMatch(this::leadsToWeights);
    }

    /** Notes that a layer hands on what it reads. */
    void passedThrough(Node node) {
        if (reachUnquantized(node)) {
            unquantized.add(node.name());
            if (reachRaw(node)) {
                raw.add(node.name());
            }
        }
    }

    /** Whether a node reads an input of the network before anything has quantized it. */
    boolean reachUnquantized(Node node) {
        String input = node.inputs().get(0);
        return node.inputs().size() == 1 && unquantized.contains(input) && !onGrid.contains(input);
    }

    /** Whether a node reads an input of the network, in a shape that nothing tells. */
    boolean reachRaw(Node node) {
        return node.preProcessor() == null && raw.contains(node.inputs().get(0));
    }
}
