package io.github.dl4jqat.layers;

import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Brings the inputs of vertices that add, compare or concatenate onto one grid, in a graph that was
 * written by hand or changed after it was prepared, and says what keeps them apart.
 */
public final class OneGrid {

    private OneGrid() {}

    /**
     * Joins the quantizers that the vertices of a graph want on one grid, where nobody has said so
     * yet.
     *
     * @return what stands in the way, one text for each group that could not be joined
     */
    public static List<String> join(NetworkView graph) {
        Map<String, Node> nodes = graph.byName();
        ScaleGroups said = said(graph);
        List<String> problems = new ArrayList<>();
        for (List<String> group : wanted(graph).all()) {
            if (said.of(group.get(0)).containsAll(group)) {
                continue;
            }
            String obstacle = obstacle(nodes, group);
            if (obstacle != null) {
                problems.add(quoted(group) + " are to share one grid, but " + obstacle);
                continue;
            }
            for (String layer : group) {
                QuantizedLayer running = (QuantizedLayer) nodes.get(layer).running();
                Set<String> members = new LinkedHashSet<>(group);
                members.addAll(running.quantization().group());
                running.linkGroup(List.copyOf(members));
            }
        }
        return problems;
    }

    /**
     * Why layers do not share a grid, and what to do about it.
     *
     * @param layers those whose quantizers a vertex wants on one grid
     */
    public static String reason(NetworkView graph, Collection<String> layers) {
        List<String> group = new ArrayList<>(new LinkedHashSet<>(layers));
        String obstacle = obstacle(graph.byName(), group);
        if (obstacle != null) {
            return obstacle;
        }
        ScaleGroups said = said(graph);
        String first = group.get(0);
        for (String other : group) {
            if (!other.equals(first) && !said.of(first).contains(other)) {
                return "nobody says that '"
                        + first
                        + "' and '"
                        + other
                        + "' share one; call Qat.calibrate, which finds it out, and train on, or"
                        + " say sameGridAs(\""
                        + first
                        + "\") in the builder of '"
                        + other
                        + "'";
            }
        }
        return "train or calibrate the network once more, so that they take over each other's"
                + " ranges";
    }

    private static ScaleGroups wanted(NetworkView graph) {
        Map<String, TensorGrid> grids = InputLinks.grids(graph);
        ScaleGroups wanted = new ScaleGroups();
        for (Node node : graph.nodes()) {
            if (node.layer() == null && TensorGrid.wantsOneGrid(node.vertex())) {
                List<String> sources = new ArrayList<>();
                for (String input : node.inputs()) {
                    TensorGrid grid = grids.get(input);
                    if (grid != null && grid.combined() == null) {
                        sources.add(grid.source());
                    }
                }
                wanted.join(sources);
            }
        }
        return wanted;
    }

    private static ScaleGroups said(NetworkView graph) {
        ScaleGroups said = new ScaleGroups();
        for (Node node : graph.nodes()) {
            if (node.running() instanceof QuantizedLayer quantized) {
                Set<String> group = new LinkedHashSet<>(List.of(node.name()));
                group.addAll(quantized.quantization().group());
                said.join(group);
            }
        }
        return said;
    }

    /** What makes one grid impossible, or null. */
    private static String obstacle(Map<String, Node> nodes, List<String> group) {
        Map<QuantSpec, String> specs = new LinkedHashMap<>();
        for (String layer : group) {
            TensorQuantization output =
                    ((QuantizedLayer) nodes.get(layer).running()).quantization().output();
            QuantSpec spec = output.spec();
            specs.putIfAbsent(spec, layer);
            if (spec.symmetry() == Symmetry.MID_RISE) {
                return "'"
                        + layer
                        + "' gives the mid-rise "
                        + spec.typeName()
                        + ", of which there are no sums; give it an outputQuant such as"
                        + " Quantizers.uint8PerTensor()";
            }
            if (!output.followsItsRange()) {
                return "'"
                        + layer
                        + "' has the estimator '"
                        + output.estimator().name()
                        + "', which makes a grid of its own; use an observed one, for example"
                        + " outputEstimator(GradientEstimators.clipped())";
            }
        }
        if (specs.size() > 1) {
            List<String> kinds = new ArrayList<>();
            specs.forEach((spec, layer) -> kinds.add("'" + layer + "' gives " + spec.typeName()));
            return String.join(", ", kinds) + "; give all of them the same outputQuant";
        }
        return null;
    }

    private static String quoted(List<String> layers) {
        return "'" + String.join("', '", layers) + "'";
    }
}
