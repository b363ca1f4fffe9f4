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
 * @param labels how many classes the network names: one for each example, or one for each step of a
 *     sequence and each pixel of an image; summed over the outputs
 * @param equalLabels for how many of these both networks name the same class
 * @param maxOutputDifference largest absolute difference of any output value, end to end
 * @param outputTolerance how much of it is float rounding and no error: 0, except for a network
 *     that ends in a LossLayer with softmax, which Deeplearning4j computes itself
 */
public record VerificationReport(
        long examples,
        List<LayerDifference> layers,
        String engine,
        long labels,
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
     * @param allowedLsb how much of it is no error: 0, except where floats are quantized that an
     *     operation within the model computes, which may round to the next step
     */
    public record LayerDifference(
            String layer, long elements, long differing, int maxLsb, int allowedLsb) {

        /** Whether all integers are equal. */
        public boolean exact() {
            return differing == 0;
        }

        LayerDifference plus(LayerDifference other) {
            return new LayerDifference(
                    layer,
                    elements + other.elements,
                    differing + other.differing,
                    Math.max(maxLsb, other.maxLsb),
                    allowedLsb);
        }
    }

    /** Largest difference of any integer of any layer, in steps of its scale. */
    public int maxLsb() {
        return layers.stream().mapToInt(LayerDifference::maxLsb).max().orElse(0);
    }

    /** The share of labels that are the same in both networks. */
    public double labelAgreement() {
        return labels == 0 ? 1 : (double) equalLabels / labels;
    }

    /** Whether every layer agrees to the last bit, every label, and every output value. */
    public boolean exact() {
        return maxLsb() == 0 && equalLabels == labels && maxOutputDifference <= outputTolerance;
    }

    /**
     * Whether every layer computes what it should: the same integers, or one step beside them where
     * it quantizes floats that the model itself computes. A network without such operations is to
     * be {@link #exact()}.
     */
    public boolean sound() {
        return layers.stream().allMatch(d -> d.maxLsb() <= d.allowedLsb());
    }

    /** A table for people. */
    @Override
    public String toString() {
        StringBuilder table = new StringBuilder();
        table.append(
                String.format(
                        Locale.ROOT,
                        "%-20s %14s %12s %8s %s%n",
                        "layer",
                        "integers",
                        "differing",
                        "max LSB",
                        "promise"));
        for (LayerDifference d : layers) {
            table.append(
                    String.format(
                            Locale.ROOT,
                            "%-20s %14d %12d %8d %s%n",
                            d.layer(),
                            d.elements(),
                            d.differing(),
                            d.maxLsb(),
                            d.allowedLsb() == 0 ? "exact" : "behind float, within 1"));
        }
        table.append(
                String.format(
                        Locale.ROOT,
                        "end to end on %s: %d of %d labels equal, largest output difference %s%n",
                        engine,
                        equalLabels,
                        labels,
                        maxOutputDifference));
        return table.toString();
    }
}
