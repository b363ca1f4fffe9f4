package io.github.dl4jqat.kernels;

/**
 * What a kernel works on: a stretch of elements that share a scale, as plain mutable fields, so
 * that a loop reads them once and no call has a dozen arguments. A run belongs to one thread and is
 * used again for the next stretch.
 *
 * <p>All numbers are doubles. Where the tensor is one of floats ({@link #single}), positions and
 * values are rounded to float at each step, so they are the bits that {@link FakeQuantKernel}
 * gives.
 */
public final class KernelRun {

    /** Relative error of a scale and of a division by it, both rounded to float, and some room. */
    private static final double SCALE_ROUNDING = 0x1p-22;

    /** The values before quantization. */
    public double[] x;

    /** The gradient of the quantized values; backward only. */
    public double[] grad;

    /** The result: quantized values, steps, or gradients; may be {@link #grad}. */
    public double[] out;

    /** First element of the stretch. */
    public int from;

    /** End of the stretch, exclusive. */
    public int to;

    /** Whether the tensor holds floats. */
    public boolean single;

    /** Real size of a step. */
    public double scale;

    /** The levels, in steps. */
    public Grid grid;

    /** The values of the quantizer's parameters for this scale, in the estimator's order. */
    public double[] values;

    /** Where the gradients of these parameters are added up; backward only. */
    public double[] sums;

    /**
     * Number of element {@link #from} in the tensor, all elements of an output channel in a row;
     * only for kernels that are {@link EstimatorKernel#ordered}.
     */
    public long index;

    /** Elements of an output channel; only for kernels that are ordered. */
    public long perChannel;

    private double[][] memory;

    /** {@code x / scale}. */
    public double position(double v) {
        return single ? (float) v / (float) scale : v / scale;
    }

    /** The real number of a level. */
    public double real(double level) {
        return single ? (float) level * (float) scale : level * scale;
    }

    /** Whether {@code smallest level <= v <= largest level} in reals, both ends included. */
    public boolean inRange(double v) {
        return v >= real(grid.low()) && v <= real(grid.high());
    }

    /**
     * Whether a position is within the range, give or take the rounding of a scale to float. For
     * rules whose range is the tensor's own: a strict comparison would find its largest value
     * outside now and then, and never train it again.
     */
    public boolean reaches(double position) {
        double slack = slack();
        return position >= grid.low() - slack && position <= grid.high() + slack;
    }

    /** By how much a position may lie beyond an end and still count as on it. */
    double slack() {
        return slack(grid.low(), grid.high());
    }

    static double slack(double low, double high) {
        return SCALE_ROUNDING * Math.max(-low, high);
    }

    /** Arrays for intermediate results, the same ones each time. */
    double[][] memory(int arrays, int length) {
        if (memory == null) {
            memory = new double[arrays][length];
        }
        return memory;
    }

    /** The elementwise part of a straight-through rule. */
    public interface Slope {
        /** The gradient at {@code v} from the gradient {@code g} of its quantized value. */
        double apply(double v, double g);
    }

    /** {@code out[i] = slope(x[i], grad[i])} over the stretch. */
    public void each(Slope slope) {
        for (int i = from; i < to; i++) {
            out[i] = slope.apply(x[i], grad[i]);
        }
    }
}
