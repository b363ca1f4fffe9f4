package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.PassOnLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.IActivation;

/**
 * What preparing a network does to each of its layers, and why. Immutable.
 *
 * @param entries one for each layer and vertex, in order
 * @param insertions the quantizers that are put in where no layer of the network can hold one
 * @param groups the layers, inserted quantizers among them, that share a grid with others
 */
public record PreparationPlan(
        List<Entry> entries, List<Insertion> insertions, List<List<String>> groups) {

    /** What becomes of a layer. */
    public enum Outcome {
        /** Replaced by its quantized twin. */
        QUANTIZED,
        /** Kept as it is; it passes integers on unchanged, combines them, or picks among them. */
        PASSED_THROUGH,
        /**
         * It computes in float, in the integer model too, which dequantizes before it and quantizes
         * after it.
         */
        ISLAND,
        /** Kept as it is; it computes in float, and the network cannot be converted with it. */
        FLOAT
    }

    /**
     * One layer or vertex.
     *
     * @param node the layer
     * @param outcome what becomes of it
     * @param reason why
     * @param twin class of the quantized twin; null for a layer that is kept
     * @param quantization how it is quantized; null for a layer that is kept
     * @param activation the activation function it has after taking one over from a neighbor or
     *     giving its own up to one; null for its own
     * @param batchNorm name of the batch normalization that is folded into it, or null for none
     */
    public record Entry(
            NetworkView.Node node,
            Outcome outcome,
            String reason,
            Class<? extends Layer> twin,
            LayerQuantization quantization,
            IActivation activation,
            String batchNorm) {

        static Entry stays(NetworkView.Node node, Outcome outcome, String reason) {
            return new Entry(node, outcome, reason, null, null, null, null);
        }

        /** A layer that is kept, with another activation function unless that is null. */
        static Entry keeps(NetworkView.Node node, String reason, IActivation activation) {
            return new Entry(node, Outcome.PASSED_THROUGH, reason, null, null, activation, null);
        }

        /** A layer whose work another layer does. */
        static Entry absorbed(NetworkView.Node node, String reason) {
            Class<? extends Layer> place = PassOnLayer.class;
            return new Entry(node, Outcome.PASSED_THROUGH, reason, place, null, null, null);
        }

        Entry with(LayerQuantization q, String newReason) {
            return new Entry(node, outcome, newReason, twin, q, activation, batchNorm);
        }
    }

    /**
     * A quantizer put into a graph: everything that reads the named tensor then reads the
     * quantizer.
     *
     * @param after name of the network input, layer or vertex
     * @param name of the quantizer
     * @param quantization how it quantizes
     */
    public record Insertion(String after, String name, LayerQuantization quantization) {}

    /** The layers that stay float, islands among them. */
    public List<Entry> floatLayers() {
        List<Entry> found = new ArrayList<>();
        for (Entry e : entries) {
            if (e.outcome() == Outcome.FLOAT || e.outcome() == Outcome.ISLAND) {
                found.add(e);
            }
        }
        return found;
    }

    /** A table for people, and the groups of layers that share a grid. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        table.append(row("index", "name", "layer", "becomes", "because"));
        for (Entry e : entries) {
            table.append(
                    row(
                            Integer.toString(e.node().index()),
                            e.node().name(),
                            e.node().kind(),
                            e.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                            e.reason()));
        }
        for (Insertion i : insertions) {
            String spec = i.quantization().output().spec().typeName();
            table.append(row("new", i.name(), "FakeQuantLayer", "quantized", "output " + spec));
        }
        for (List<String> group : groups) {
            table.append("one grid for ").append(String.join(", ", group)).append('\n');
        }
        return table.toString();
    }

    private static String row(String index, String name, String layer, String becomes, String why) {
        return String.format(
                Locale.ROOT, "%-5s %-20s %-28s %-15s %s%n", index, name, layer, becomes, why);
    }
}
