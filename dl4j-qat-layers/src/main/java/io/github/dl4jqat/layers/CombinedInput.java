package io.github.dl4jqat.layers;

import java.io.Serializable;
import java.util.List;

/**
 * What a vertex makes of tensors on grids before a layer reads the result. The result is a whole
 * number of steps again, so that the layer can compute on integers:
 *
 * <pre>
 *   SUM       x = a + b + ... or a - b      steps of the one scale that all share
 *   AVERAGE   x = (a + b + ...) / n         n times x in steps of that scale
 *   PRODUCT   x = a * b                     steps of the product of both scales
 * </pre>
 *
 * Immutable and thread-safe.
 *
 * @param kind how they are combined
 * @param from for each input of the vertex the layer that quantizes it
 */
public record CombinedInput(Kind kind, List<String> from) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** How tensors are combined. */
    public enum Kind {
        /** A sum or a difference. */
        SUM,
        /** A mean. */
        AVERAGE,
        /** A product of two. */
        PRODUCT
    }

    /** Checks that there are enough inputs. */
    public CombinedInput {
        from = List.copyOf(from);
        if (kind == null || from.size() < 2 || (kind == Kind.PRODUCT && from.size() != 2)) {
            throw new IllegalArgumentException(
                    "CombinedInput: "
                            + kind
                            + " of "
                            + from
                            + "; a product has two inputs, any other combination at least two");
        }
    }
}
