package io.github.dl4jqat.kernels;

/**
 * The bound to clip at that makes the expected mean squared error of quantization smallest: noise
 * of a step's size for the values inside, the distance from the bound for those outside. A fixed
 * point of
 *
 * <pre>
 *   s  &lt;-  sum of |x| where |x| &gt; s  /  (4^-bits / 3 * #(0 &lt; |x| &lt;= s) + #(|x| &gt; s))
 * </pre>
 *
 * from {@code s = mean |x|}, {@code bits} counting the sign. For unsigned integers use one bit
 * more.
 *
 * <p>Worked numbers: 0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8, 0.9, 4 with 2 bits go from 0.85 to
 * 2.261538 to 3.368421 and stay there; with 4 bits they end at 3.953668, with 8 at 3.999817. Values
 * that are not finite are passed over; where all others are zero the bound is 0.
 *
 * <p>Source: Sakr et al., arXiv:2206.06501.
 */
public final class OctavClip {

    private static final int MOST_STEPS = 100;
    private static final double CONVERGED = 1e-12;

    private OctavClip() {}

    /**
     * The bound for scale {@code c} of a tensor. Where the iteration does not settle (values of a
     * single magnitude make it jump) it is the one with the smallest expected error of those
     * visited.
     */
    public static double of(TensorStatistics tensor, int c, int bits) {
        double s = start(tensor, c);
        double best = s;
        double smallest = Double.POSITIVE_INFINITY;
        for (int step = 0; step < MOST_STEPS; step++) {
            double error = expectedError(tensor, c, bits, s);
            if (error < smallest) {
                smallest = error;
                best = s;
            }
            double next = next(tensor, c, bits, s);
            if (Math.abs(next - s) <= CONVERGED * s) {
                return next;
            }
            s = next;
        }
        return best;
    }

    /** Where the iteration starts: the mean magnitude. */
    public static double start(TensorStatistics tensor, int c) {
        double sum = 0;
        long n = 0;
        for (int i = 0; i < tensor.count(c); i++) {
            double magnitude = Math.abs(tensor.value(c, i));
            if (Double.isFinite(magnitude)) {
                sum += magnitude;
                n++;
            }
        }
        return n == 0 ? 0 : sum / n;
    }

    /** One step of the iteration, from {@code s}. */
    public static double next(TensorStatistics tensor, int c, int bits, double s) {
        double sum = 0;
        long inside = 0;
        long outside = 0;
        for (int i = 0; i < tensor.count(c); i++) {
            double magnitude = Math.abs(tensor.value(c, i));
            if (magnitude > s && Double.isFinite(magnitude)) {
                sum += magnitude;
                outside++;
            } else if (magnitude > 0 && magnitude <= s) {
                inside++;
            }
        }
        return inside + outside == 0 ? 0 : sum / (noise(bits) * inside + outside);
    }

    private static double expectedError(TensorStatistics tensor, int c, int bits, double s) {
        double sum = 0;
        for (int i = 0; i < tensor.count(c); i++) {
            double magnitude = Math.abs(tensor.value(c, i));
            if (magnitude > s && Double.isFinite(magnitude)) {
                sum += (magnitude - s) * (magnitude - s);
            } else if (magnitude > 0 && magnitude <= s) {
                sum += noise(bits) * s * s;
            }
        }
        return sum;
    }

    /** The variance of rounding in a range of -1..1: a twelfth of a step squared. */
    private static double noise(int bits) {
        return Math.pow(4, -bits) / 3;
    }
}
