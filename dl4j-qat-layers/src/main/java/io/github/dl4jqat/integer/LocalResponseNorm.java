package io.github.dl4jqat.integer;

/**
 * Each element of an image divided by a power of what its neighbours among the channels have at the
 * same place:
 *
 * <pre>
 *   y[c] = x[c] / (k + alpha * sum of x[j]^2)^beta
 *   j = max(0, c - h) .. min(C - 1, c + h),  h = n / 2 rounded down
 * </pre>
 *
 * So the window has {@code 2 h + 1} channels, one more than {@code n} if that is even, and {@code
 * alpha} is not divided by its size; this is what Deeplearning4j computes. ONNX divides.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input floats {@code [C, H, W]}
 * @param output floats of the same shape
 * @param k greater than 0, so that the power has a base
 * @param n width of the window, at least 1
 * @param alpha not negative
 * @param beta the exponent, finite
 */
public record LocalResponseNorm(
        String name,
        TensorType input,
        TensorType output,
        double k,
        int n,
        double alpha,
        double beta)
        implements FloatOp {

    private static final String TYPE = "LocalResponseNormalization";

    /** Checks shapes and parameters. */
    public LocalResponseNorm {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, input, output);
        OpChecks.image(TYPE, name, input);
        OpChecks.shape(TYPE, name, output, input.shape());
        FloatChecks.positive(TYPE, name, "k", k);
        if (n < 1) {
            throw OpChecks.error(
                    TYPE, name, "n=" + n + ", expected a window of 1 or more channels");
        }
        if (!(alpha >= 0) || !Double.isFinite(alpha) || !Double.isFinite(beta)) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "alpha="
                            + alpha
                            + ", beta="
                            + beta
                            + "; both must be finite, alpha not negative");
        }
    }

    /** That of files from before the class had a name of its own among Deeplearning4j's. */
    @Override
    public String type() {
        return TYPE;
    }

    /** How far the window reaches on either side; never beyond all channels. */
    int reach() {
        return Math.min(n / 2, input.size(0) - 1);
    }
}
