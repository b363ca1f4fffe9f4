package io.github.dl4jqat.layers;

import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;

/**
 * Finds for every tensor of a quantized network the layer whose quantizer put it on its grid, and
 * tells the layers of a ComputationGraph. (In a MultiLayerNetwork it is always the nearest
 * quantized layer before, which layers find themselves.)
 */
public final class InputLinks {

    private InputLinks() {}

    /** The grid of each node's output; no entry for a float tensor. */
    public static Map<String, TensorGrid> grids(NetworkView network) {
        Map<String, TensorGrid> grids = new LinkedHashMap<>();
        for (Node node : network.nodes()) {
            TensorGrid grid = gridOf(node, grids);
            if (grid != null) {
                grids.put(node.name(), grid);
            }
        }
        return grids;
    }

    private static TensorGrid gridOf(Node node, Map<String, TensorGrid> grids) {
        if (node.layer() == null) {
            List<TensorGrid> inputs = new ArrayList<>();
            node.inputs().forEach(input -> inputs.add(grids.get(input)));
            return TensorGrid.behind(node.vertex(), inputs);
        }
        if (node.layer() instanceof BaseOutputLayer) {
            // Its quantizer is for the logits; what others read comes after the activation.
            return null;
        }
        if (node.layer() instanceof QuantLayerConfiguration quantized
                && quantized.getQuantization().output() != null) {
            return TensorGrid.of(node.name());
        }
        TensorGrid input = inputGrid(node, grids);
        // What a vertex combines is not on a grid that could be passed on.
        return PassThrough.keepsGrid(node.layer()) && input != null && input.combined() == null
                ? input
                : null;
    }

    /** The grid of what a layer reads, after its preprocessor; null if that is float. */
    public static TensorGrid inputGrid(Node node, Map<String, TensorGrid> grids) {
        return node.inputs().size() == 1 && PassThrough.keepsGrid(node.preProcessor())
                ? grids.get(node.inputs().get(0))
                : null;
    }

    /** Names to each running quantized layer of a graph the quantizer of its input. */
    public static void link(NetworkView graph) {
        Map<String, TensorGrid> grids = grids(graph);
        for (Node node : graph.nodes()) {
            if (node.running() instanceof QuantizedLayer quantized) {
                TensorGrid grid = inputGrid(node, grids);
                if (grid != null && grid.source() != null) {
                    quantized.linkInput(grid.source());
                } else {
                    // Null where the network was changed and no vertex is in front any more.
                    quantized.linkCombined(grid == null ? null : grid.combined());
                }
            }
        }
    }
}
