package io.github.dl4jqat.kernels;

/**
 * A backward pass in float arithmetic and without branches, which the JIT compiler vectorizes, for
 * most of what {@link EstimatorKernel#backward} can do on an integer grid of every number. Where it
 * differs from that by more than the sign of a zero or the order of a sum, the implementation says
 * so.
 */
public interface FloatBackward {

    /**
     * The gradients of a stretch.
     *
     * @return false if this stretch is one for {@link EstimatorKernel#backward}, because of its
     *     settings or of a value that is no finite number; nothing was changed then
     */
    boolean backward(FloatRun run);
}
