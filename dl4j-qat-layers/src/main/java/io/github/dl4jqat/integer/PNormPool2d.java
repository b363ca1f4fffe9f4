package io.github.dl4jqat.integer;

/**
 * The p-norm under each window, channel by channel:
 *
 * <pre>
 *   y = (sum of |x|^p)^(1 / p)
 * </pre>
 *
 * over the real elements of the window; padding adds nothing, and a window of padding only gives 0.
 * The sum is not divided by the number of elements. No epsilon is added: Deeplearning4j's is for
 * its gradient.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input floats {@code [C, H, W]}
 * @param output floats {@code [C, H', W']}
 * @param window where the taps lie
 * @param p at least 1
 */
public record PNormPool2d(String name, TensorType input, TensorType output, Window2d window, int p)
        implements FloatOp {

    private static final String TYPE = "PNormPool2d";

    /** Checks shapes and parameters. */
    public PNormPool2d {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, input, output);
        OpChecks.windowed(TYPE, name, input, output, window, input.size(0));
        FloatChecks.norm(TYPE, name, p);
    }
}
