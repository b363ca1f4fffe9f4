package io.github.dl4jqat.examples.comparison;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one estimator reached at one width.
 *
 * @param estimator its name; {@link #FLOAT} and {@link #PTQ} are the two without training
 * @param bits of weights and activations; {@link #FLOAT_BITS} for the float network
 * @param weights what quantized the weights
 * @param activations what quantized the activations
 * @param accuracies the fraction of test digits that are right, for each seed; at least one
 */
public record ComparisonRow(
        String estimator, int bits, String weights, String activations, List<Double> accuracies) {

    /** The row of the network before quantization. */
    public static final String FLOAT = "float";

    /** The rows of the networks that were calibrated and not trained. */
    public static final String PTQ = "ptq";

    /** The bits of a float. */
    public static final int FLOAT_BITS = 32;

    /** Checks that something was measured. */
    public ComparisonRow {
        accuracies = List.copyOf(accuracies);
        if (accuracies.isEmpty()) {
            throw new IllegalArgumentException(
                    "ComparisonRow: no accuracies of "
                            + estimator
                            + " at "
                            + bits
                            + " bits; expected one for each seed");
        }
    }

    /** The mean over the seeds. */
    public double accuracy() {
        return accuracies.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /** The largest accuracy minus the smallest; 0 with a single seed. */
    public double spread() {
        double most = accuracies.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        return most - accuracies.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    /** The entries of one object of the JSON file, in their order. */
    public Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("estimator", estimator);
        entries.put("bits", bits);
        entries.put("accuracy", accuracy());
        entries.put("spread", spread());
        entries.put("seeds", accuracies.size());
        entries.put("accuracies", accuracies);
        entries.put("weights", weights);
        entries.put("activations", activations);
        return entries;
    }
}
