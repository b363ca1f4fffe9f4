package io.github.dl4jqat.integer;

import java.util.List;

/**
 * For each query a mean of the values, weighted by how well their keys go with it:
 *
 * <pre>
 *   w[i, j] = exp(s[i, j] - max) / sum over l of exp(s[l, j] - max)
 *   s[i, j] = (sum over c of keys[c, i] * queries[c, j]) / sqrt(n)
 *   y[c, j] = sum over i of w[i, j] * values[c, i]
 * </pre>
 *
 * with the largest {@code s} of the same query for {@code max}. All three may be one tensor.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param queries floats {@code [n, Tq]}
 * @param keys floats {@code [n, Tk]}
 * @param values floats {@code [m, Tk]}
 * @param output floats {@code [m, Tq]}
 */
public record DotProductAttention(
        String name, TensorType queries, TensorType keys, TensorType values, TensorType output)
        implements FloatOp {

    private static final String TYPE = "DotProductAttention";

    /** Checks shapes. */
    public DotProductAttention {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, queries, keys, values, output);
        for (TensorType t : List.of(queries, keys, values)) {
            if (t.rank() != 2) {
                throw OpChecks.error(
                        TYPE, name, "tensor " + t + ", expected a sequence [features, time]");
            }
        }
        if (keys.size(0) != queries.size(0)) {
            throw OpChecks.error(
                    TYPE, name, "keys " + keys + " have other features than queries " + queries);
        }
        if (values.size(1) != keys.size(1)) {
            throw OpChecks.error(
                    TYPE, name, "values " + values + " have other time steps than keys " + keys);
        }
        OpChecks.shape(TYPE, name, output, List.of(values.size(0), queries.size(1)));
    }

    /** The queries. */
    @Override
    public TensorType input() {
        return queries;
    }

    /** Queries, keys and values. */
    @Override
    public List<TensorType> inputs() {
        return List.of(queries, keys, values);
    }
}
