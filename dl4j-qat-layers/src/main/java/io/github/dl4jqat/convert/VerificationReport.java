package io.github.dl4jqat.convert;

import java.util.List;
import java.util.Locale;

/**
 * How far an integer network is from the quantized network it was made of. Immutable.
 *
 * @param examples how many examples were compared
 * @param layers each layer alone, fed with what the layers before it gave in the quantized network,
 *     on the Java engine
 * @param engine the engine that the end-to-end figures are of
 * @param equalLabels examples for which both networks name the same class
 * @param maxOutputDifference largest absolute difference of any output value, end to end
 * @param outputTolerance how much of it is float rounding and no error: 0, except for a network
 *     that ends in a LossLayer with softmax, which Deeplearning4j computes itself
 */
public record VerificationReport(
        long examples,
        List<LayerDifference> layers,
        String engine,
        long equalLabels,
        double maxOutputDifference,
        double outputTolerance) {

    /** What the softmax of two implementations may differ by. */
    static final double SOFTMAX_ROUNDING = 1e-6;

    /**
     * The differences of one layer.
     *
     * @param layer its name
     * @param elements how many integers were compared
     * @param differing how many of them differ
     * @param maxLsb largest difference, in steps of the output's scale
     */
    public record LayerDifference(String layer, long elements, long differing, int maxLsb) {}

    /** Largest difference of any integer of any layer, in steps of its scale. */
    public int maxLsb() {
        return layers.stream().mapToInt(LayerDifference::maxLsb).max().orElse(0);
    }

    /** The share of examples for which both networks name the same class. */
    public double labelAgreement() {
        return examples == 0 ? 1 : (double) equalLabels / examples;
    }

    /** Whether every layer agrees to the last bit, every label, and every output value. */
    public boolean exact() {
        return maxLsb() == 0 && equalLabels == examples && maxOutputDifference <= outputTolerance;
    }

    /** A table for people. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        table.append(
                String.format(
                        Locale.ROOT,
                        "%-20s %14s %12s %8s%n",
                        "layer",
                        "integers",
                        "differing",
                        "max LSB"));
        for (LayerDifference d : layers) {
            table.append(
                    String.format(
                            Locale.ROOT,
                            "%-20s %14d %12d %8d%n",
                            d.layer(),
                            d.elements(),
                            d.differing(),
                            d.maxLsb()));
        }
        table.append(
                String.format(
                        Locale.ROOT,
                        "end to end on %s: %d of %d labels equal, largest output difference %s%n",
                        engine,
                        equalLabels,
                        examples,
                        maxOutputDifference));
        return table.toString();
    }
}
