package io.github.dl4jqat.kernels;

/**
 * Nearest rounding with a clipped gradient: what methods with random numbers do in evaluation.
 * Differs from {@link ClippedBackward} only in that the largest weight of a symmetric range is
 * never outside, however the scale was rounded.
 */
public final class RoundingKernel implements RangeClipped {

    /** The only instance. */
    public static final RoundingKernel INSTANCE = new RoundingKernel();

    private RoundingKernel() {}

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        RangeMask.backward(run);
    }
}
