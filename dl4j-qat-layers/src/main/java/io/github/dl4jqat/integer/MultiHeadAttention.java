package io.github.dl4jqat.integer;

import java.util.List;

/**
 * A {@link DotProductAttention} between float projections of its own. For each head {@code h} of
 * width {@code s}:
 *
 * <pre>
 *   q[r, j] = sum over c of Wq[h, r, c] * queries[c, j]     keys and values alike
 *   a[h * s + r, j] = DotProductAttention(q, k, v)[r, j]
 *   y[o, j] = sum over r of Wo[r, o] * a[r, j]
 * </pre>
 *
 * with sums in double throughout. Queries, keys and values may be one tensor.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param queries floats {@code [n, Tq]}
 * @param keys floats {@code [k, Tk]}
 * @param values floats {@code [m, Tk]}
 * @param output floats {@code [o, Tq]}
 * @param weights the projections
 */
public record MultiHeadAttention(
        String name,
        TensorType queries,
        TensorType keys,
        TensorType values,
        TensorType output,
        AttentionWeights weights)
        implements FloatOp {

    private static final String TYPE = "MultiHeadAttention";

    /** Checks shapes. */
    public MultiHeadAttention {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, queries, keys, values, output);
        projected(name, "queries", queries, weights.queries());
        projected(name, "keys", keys, weights.keys());
        projected(name, "values", values, weights.values());
        if (values.size(1) != keys.size(1)) {
            throw OpChecks.error(
                    TYPE, name, "values " + values + " have other time steps than keys " + keys);
        }
        FloatConstant to = weights.output();
        OpChecks.shape(TYPE, name, output, List.of(to.size(1), queries.size(1)));
    }

    private static void projected(String name, String what, TensorType x, FloatConstant w) {
        if (x.rank() != 2 || x.size(0) != w.size(2)) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    what
                            + " "
                            + x
                            + ", expected a sequence [features, time] with "
                            + w.size(2)
                            + " features for projection "
                            + w);
        }
        long rows = (long) w.size(0) * w.size(1);
        if (rows * x.size(1) > TensorType.MAX_ELEMENTS) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "the heads of "
                            + what
                            + " "
                            + x
                            + " would have "
                            + rows * x.size(1)
                            + " elements, more than "
                            + TensorType.MAX_ELEMENTS);
        }
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

    /** How many floats the projections have. */
    @Override
    public long parameters() {
        return weights.elements();
    }

    /** Four bytes for each of them. */
    @Override
    public long constantBytes() {
        return weights.elements() * Float.BYTES;
    }
}
