package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A MultiLayerNetwork or a ComputationGraph as one kind of thing: nodes in an order in which each
 * comes after its inputs. Shows the network, does not copy it.
 *
 * @param nodes all layers and vertices
 * @param inputs names of the network's inputs
 * @param outputs names of the nodes whose values are the network's outputs
 */
public record NetworkView(List<Node> nodes, List<String> inputs, List<String> outputs) {

    /** The name of a MultiLayerNetwork's input. */
    public static final String INPUT = "input";

    /**
     * One layer or vertex.
     *
     * @param name the layer's name; in a MultiLayerNetwork the index where it has none, and with
     *     {@code #} and the index where a layer before it has the same
     * @param index position, as in DL4J's error messages
     * @param layer its configuration, taken out of its FrozenLayer or FrozenLayerWithBackprop, and
     *     of its wrappers; null for a vertex
     * @param wrappers what its values go through inside the node: LastTimeStep, TimeDistributed,
     *     MaskZeroLayer; outermost first
     * @param vertex configuration of a vertex without a layer, taken out of its FrozenVertex; null
     *     for a layer
     * @param frozen whether it is wrapped in one of these
     * @param kind class name of the layer or vertex, for messages
     * @param preProcessor what happens to its input first, or null
     * @param inputs names of the nodes or network inputs it reads
     * @param running the running layer, taken out of its wrappers; null for a vertex
     * @param learned what a vertex has learned, by name, as live views; empty for a layer, whose
     *     running one has them
     */
    public record Node(
            String name,
            int index,
            Layer layer,
            List<Layer> wrappers,
            GraphVertex vertex,
            boolean frozen,
            String kind,
            InputPreProcessor preProcessor,
            List<String> inputs,
            org.deeplearning4j.nn.api.Layer running,
            Map<String, INDArray> learned) {

        /** Whether one of the wrappers is of that kind. */
        public boolean isWrappedIn(Class<? extends Layer> wrapper) {
            return wrappers.stream().anyMatch(wrapper::isInstance);
        }

        /** For messages: index, name and class. */
        public String describe() {
            return (layer == null ? "vertex " : "layer ")
                    + index
                    + " '"
                    + name
                    + "' ("
                    + kind
                    + ")";
        }
    }

    /** A view of an initialized network. */
    public static NetworkView of(MultiLayerNetwork net) {
        MultiLayerConfiguration conf = net.getLayerWiseConfigurations();
        requireInitialized(net.isInitCalled());
        List<Node> nodes = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        conf.getConfs().forEach(c -> taken.add(c.getLayer().getLayerName()));
        taken.add(INPUT);
        Set<String> given = new HashSet<>(Set.of(INPUT));
        String previous = INPUT;
        for (int i = 0; i < conf.getConfs().size(); i++) {
            Layer layer = conf.getConf(i).getLayer();
            String name = layer.getLayerName() == null ? Integer.toString(i) : layer.getLayerName();
            if (!given.add(name)) {
                // Deeplearning4j lets layers share a name; here each needs its own.
                name = name + "#" + i;
                while (!taken.add(name)) {
                    name = name + "#";
                }
                given.add(name);
            }
            nodes.add(
                    node(
                            name,
                            i,
                            layer,
                            conf.getInputPreProcess(i),
                            List.of(previous),
                            net.getLayer(i)));
            previous = name;
        }
        return new NetworkView(List.copyOf(nodes), List.of(INPUT), List.of(previous));
    }

    /** A view of an initialized graph. */
    public static NetworkView of(ComputationGraph net) {
        ComputationGraphConfiguration conf = net.getConfiguration();
        requireInitialized(net.getVertices() != null);
        List<Node> nodes = new ArrayList<>();
        for (int index : net.topologicalSortOrder()) {
            org.deeplearning4j.nn.graph.vertex.GraphVertex vertex = net.getVertices()[index];
            String name = vertex.getVertexName();
            if (conf.getNetworkInputs().contains(name)) {
                continue;
            }
            List<String> inputs = List.copyOf(conf.getVertexInputs().get(name));
            GraphVertex vertexConf = inside(conf.getVertices().get(name));
            if (vertexConf instanceof LayerVertex layer) {
                nodes.add(
                        node(
                                name,
                                index,
                                layer.getLayerConf().getLayer(),
                                layer.getPreProcessor(),
                                inputs,
                                vertex.getLayer()));
            } else {
                nodes.add(
                        new Node(
                                name,
                                index,
                                null,
                                List.of(),
                                vertexConf,
                                false,
                                vertexConf.getClass().getSimpleName(),
                                null,
                                inputs,
                                null,
                                learned(vertex)));
            }
        }
        return new NetworkView(
                List.copyOf(nodes),
                List.copyOf(conf.getNetworkInputs()),
                List.copyOf(conf.getNetworkOutputs()));
    }

    private static void requireInitialized(boolean initialized) {
        if (!initialized) {
            throw new IllegalArgumentException(
                    "The network has no parameters yet; call its init() first");
        }
    }

    private static Node node(
            String name,
            int index,
            Layer layer,
            InputPreProcessor preProcessor,
            List<String> inputs,
            org.deeplearning4j.nn.api.Layer running) {
        List<Layer> wrappers = new ArrayList<>();
        Layer inside = inside(layer, wrappers);
        StringBuilder kind = new StringBuilder();
        wrappers.forEach(w -> kind.append(w.getClass().getSimpleName()).append(" of "));
        return new Node(
                name,
                index,
                inside,
                List.copyOf(wrappers),
                null,
                layer instanceof FrozenLayer || layer instanceof FrozenLayerWithBackprop,
                kind + inside.getClass().getSimpleName(),
                preProcessor,
                inputs,
                unwrap(running),
                Map.of());
    }

    private static Map<String, INDArray> learned(
            org.deeplearning4j.nn.graph.vertex.GraphVertex vertex) {
        Map<String, INDArray> table = vertex.paramTable(false);
        return table == null ? Map.of() : table;
    }

    private static GraphVertex inside(GraphVertex vertex) {
        return vertex instanceof FrozenVertex frozen ? inside(frozen.getUnderlying()) : vertex;
    }

    private static Layer inside(Layer layer, List<Layer> wrappers) {
        if (layer instanceof FrozenLayer frozen) {
            return inside(frozen.getLayer(), wrappers);
        }
        if (layer instanceof FrozenLayerWithBackprop frozen) {
            return inside(frozen.getUnderlying(), wrappers);
        }
        if (isTransparent(layer.getClass())) {
            wrappers.add(layer);
            return inside(((BaseWrapperLayer) layer).getUnderlying(), wrappers);
        }
        return layer;
    }

    private static boolean isTransparent(Class<?> type) {
        return type == LastTimeStep.class
                || type == TimeDistributed.class
                || type == MaskZeroLayer.class;
    }

    /** A running layer without its wrappers. */
    static org.deeplearning4j.nn.api.Layer unwrap(org.deeplearning4j.nn.api.Layer layer) {
        if (layer instanceof org.deeplearning4j.nn.layers.FrozenLayer frozen) {
            return unwrap(frozen.getInsideLayer());
        }
        if (layer instanceof org.deeplearning4j.nn.layers.FrozenLayerWithBackprop frozen) {
            return unwrap(frozen.getInsideLayer());
        }
        if (layer instanceof org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer wrapper) {
            return unwrap(wrapper.getUnderlying());
        }
        return layer;
    }

    /** The nodes that read a node or network input. */
    public List<Node> consumers(String name) {
        List<Node> found = new ArrayList<>();
        for (Node node : nodes) {
            if (node.inputs().contains(name)) {
                found.add(node);
            }
        }
        return found;
    }

    /** The nodes by name. */
    public Map<String, Node> byName() {
        Map<String, Node> map = new LinkedHashMap<>();
        nodes.forEach(n -> map.put(n.name(), n));
        return map;
    }
}
