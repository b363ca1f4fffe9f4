package io.github.dl4jqat.layers;

import java.io.Serializable;

/**
 * The settings of a batch normalization that is folded into the weights of the layer before it.
 * Immutable and thread-safe.
 *
 * @param name of the layer it was, for messages
 * @param eps added to the variance
 * @param decay share of the old running statistics that stays at each batch
 * @param minibatch whether training normalizes with the statistics of the batch at hand
 * @param locked whether gamma and beta are the two constants that follow, not parameters
 * @param gamma the constant factor, where locked
 * @param beta the constant shift, where locked
 */
public record FoldedBatchNorm(
        String name,
        double eps,
        double decay,
        boolean minibatch,
        boolean locked,
        double gamma,
        double beta)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Checks the numbers. */
    public FoldedBatchNorm {
        if (!(eps >= 0) || !(decay >= 0 && decay <= 1)) {
            throw new IllegalArgumentException(
                    "FoldedBatchNorm '"
                            + name
                            + "': eps="
                            + eps
                            + ", decay="
                            + decay
                            + "; eps must not be negative, decay lies in 0..1");
        }
    }
}
