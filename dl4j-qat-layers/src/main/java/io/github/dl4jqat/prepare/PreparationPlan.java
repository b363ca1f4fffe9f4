package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.NetworkView;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.IActivation;

/**
 * What preparing a network does to each of its layers, and why. Immutable.
 *
 * @param entries one for each layer and vertex, in order
 */
public record PreparationPlan(List<Entry> entries) {

    /** What becomes of a layer. */
    public enum Outcome {
        /** Replaced by its quantized twin. */
        QUANTIZED,
        /** Kept as it is; it passes integers on unchanged, or picks among them. */
        PASSED_THROUGH,
        /** Kept as it is; it computes in float, also in evaluation. */
        FLOAT
    }

    /**
     * One layer or vertex.
     *
     * @param node the layer
     * @param outcome what becomes of it
     * @param reason why
     * @param twin class of the quantized twin; null unless quantized
     * @param quantization how it is quantized; null unless quantized
     * @param activation the activation function it takes over from the layer after it, or gives up
     *     to the layer before it; null for its own
     */
    public record Entry(
            NetworkView.Node node,
            Outcome outcome,
            String reason,
            Class<? extends Layer> twin,
            LayerQuantization quantization,
            IActivation activation) {}

    /** The layers that stay float. */
    public List<Entry> floatLayers() {
        List<Entry> found = new ArrayList<>();
        for (Entry e : entries) {
            if (e.outcome() == Outcome.FLOAT) {
                found.add(e);
            }
        }
        return found;
    }

    /** A table for people. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        table.append(
                String.format(
                        Locale.ROOT,
                        "%-5s %-20s %-28s %-15s %s%n",
                        "index",
                        "name",
                        "layer",
                        "becomes",
                        "because"));
        for (Entry e : entries) {
            table.append(
                    String.format(
                            Locale.ROOT,
                            "%-5d %-20s %-28s %-15s %s%n",
                            e.node().index(),
                            e.node().name(),
                            e.node().kind(),
                            e.outcome().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                            e.reason()));
        }
        return table.toString();
    }
}
