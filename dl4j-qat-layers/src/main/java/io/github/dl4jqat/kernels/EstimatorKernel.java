package io.github.dl4jqat.kernels;

/**
 * The loops of one gradient estimator over a stretch of elements. Ops and layers run the same ones,
 * which is why they give the same bits.
 *
 * <p>The forward pass has two forms. {@link #levels} is what evaluation and the integer model use:
 * always whole numbers of steps. {@link #forward} is what training computes with; for most
 * estimators it is the same times the scale, for soft and noisy ones it is not.
 *
 * <p>Implementations are immutable and thread-safe.
 */
public interface EstimatorKernel {

    /** {@code out[i]} = the level of {@code x[i]} in steps; nearest unless overridden. */
    default void levels(KernelRun run) {
        for (int i = run.from; i < run.to; i++) {
            run.out[i] = run.grid.level(run.position(run.x[i]));
        }
    }

    /** {@code out[i]} = what training computes with in place of {@code x[i]}. */
    default void forward(KernelRun run) {
        levels(run);
        for (int i = run.from; i < run.to; i++) {
            run.out[i] = run.real(run.out[i]);
        }
    }

    /**
     * {@code out[i]} = gradient at {@code x[i]} from {@code grad[i]}, the gradient of the quantized
     * value; adds the gradients of the parameters to {@code sums}. {@code out} may be {@code grad}.
     */
    void backward(KernelRun run);

    /**
     * Whether {@link #levels} and {@link #forward} are as inherited, so that faster loops with the
     * same results may take their place.
     */
    default boolean rounds() {
        return false;
    }

    /** Whether the result depends on where an element stands in its tensor; masks and noise do. */
    default boolean ordered() {
        return false;
    }
}
