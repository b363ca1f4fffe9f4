package io.github.dl4jqat.kernels;

/**
 * A kernel whose gradient depends on nothing but whether a value lies in the range, so that loops
 * on the bits of floats ({@link ClippedBits}) may take the place of its backward pass.
 */
public interface RangeClipped extends EstimatorKernel {

    /** Whether that is so with the kernel's settings. */
    default boolean clips() {
        return true;
    }

    /** The {@link ClippedBits} key of the smallest float with a gradient. */
    static int lowKey(Grid grid, float scale) {
        double bound = RangeMask.smallest(grid, (float) grid.low() * scale);
        float near = (float) bound;
        return ClippedBits.lowKey(near < bound ? Math.nextUp(near) : near);
    }

    /** The {@link ClippedBits} key of the largest float with a gradient. */
    static int highKey(Grid grid, float scale) {
        double bound = RangeMask.largest(grid, (float) grid.high() * scale);
        float near = (float) bound;
        return ClippedBits.highKey(near > bound ? Math.nextDown(near) : near);
    }
}
