package io.github.dl4jqat.integer;

import java.util.List;

/**
 * The float weights of a {@link MultiHeadAttention}: projections to {@code H} heads of width {@code
 * s}, and back. Immutable and thread-safe.
 *
 * @param queries {@code [H, s, n]}
 * @param keys {@code [H, s, k]}
 * @param values {@code [H, s, m]}
 * @param output {@code [H * s, o]}
 */
public record AttentionWeights(
        FloatConstant queries, FloatConstant keys, FloatConstant values, FloatConstant output) {

    private static final int PROJECTION_RANK = 3;
    private static final int OUTPUT_RANK = 2;

    /** Checks that all have the same heads. */
    public AttentionWeights {
        for (FloatConstant w : List.of(queries, keys, values)) {
            if (w.shape().size() != PROJECTION_RANK
                    || w.size(0) != queries.size(0)
                    || w.size(1) != queries.size(1)) {
                throw new IllegalArgumentException(
                        "AttentionWeights: projections of queries, keys and values are "
                                + queries
                                + ", "
                                + keys
                                + " and "
                                + values
                                + ", expected [heads, width of a head, features] with the same"
                                + " heads");
            }
        }
        int rows = queries.size(0) * queries.size(1);
        if (output.shape().size() != OUTPUT_RANK || output.size(0) != rows) {
            throw new IllegalArgumentException(
                    "AttentionWeights: projection of the output is "
                            + output
                            + ", expected ["
                            + rows
                            + ", features] behind heads "
                            + queries);
        }
    }

    /** How many heads there are. */
    public int heads() {
        return queries.size(0);
    }

    /** How many floats all of them have. */
    public long elements() {
        return (long) queries.elements() + keys.elements() + values.elements() + output.elements();
    }
}
