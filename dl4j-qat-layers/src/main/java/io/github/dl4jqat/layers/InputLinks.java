package io.github.dl4jqat.layers;

import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.OutputLayer;

/**
 * Finds for every tensor of a quantized network the layer whose quantizer put it on its grid, and
 * tells the layers of a ComputationGraph. (In a MultiLayerNetwork it is always the nearest
 * quantized layer before, which layers find themselves.)
 */
public final class InputLinks {

    private InputLinks() {}

    /**
     * For the output of each node the name of the node whose quantizer it went through last without
     * leaving the grid since; no entry for a float tensor.
     */
    public static Map<String, String> sources(NetworkView network) {
        Map<String, String> sources = new LinkedHashMap<>();
        for (Node node : network.nodes()) {
            String input = inputSource(node, sources);
            if (node.layer() instanceof OutputLayer) {
                // Its quantizer is for the logits; what others read comes after the activation.
                continue;
            }
            if (node.layer() instanceof QuantLayerConfiguration
                    && ((QuantLayerConfiguration) node.layer()).getQuantization().output()
                            != null) {
                sources.put(node.name(), node.name());
            } else if (node.layer() != null
                    && PassThrough.keepsGrid(node.layer())
                    && input != null) {
                sources.put(node.name(), input);
            }
        }
        return sources;
    }

    /** The source of what a node reads, after its preprocessor; null if that is float. */
    public static String inputSource(Node node, Map<String, String> sources) {
        return node.inputs().size() == 1 && PassThrough.keepsGrid(node.preProcessor())
                ? sources.get(node.inputs().get(0))
                : null;
    }

    /** Names to each running quantized layer of a graph the quantizer of its input. */
    public static void link(NetworkView graph) {
        Map<String, String> sources = sources(graph);
        for (Node node : graph.nodes()) {
            String source = inputSource(node, sources);
            if (node.running() instanceof QuantizedLayer && source != null) {
                ((QuantizedLayer) node.running()).linkInput(source);
            }
        }
    }
}
