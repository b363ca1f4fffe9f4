package io.github.dl4jqat.kernels;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;

/**
 * The two matrix products of a recurrent cell and what brings them together. They have different
 * scales, so each is requantized to the grid of the value before the activation function, and there
 * their integers are added:
 *
 * <pre>
 *   z[c] = requant(bias[c] + sum W[c, i] * (x[i] - zero_x)) + requant(sum R[c, j] * (h[j] - zero_h))
 * </pre>
 *
 * The sum is not clamped yet; each part is, at 2^22 either way, far outside any grid, so that a sum
 * of three is exact in a float too.
 *
 * <p>Immutable and thread-safe.
 */
final class GateSums {

    private final WeightRows weights;
    private final WeightRows recurrent;
    private final int[] bias;
    private final Requantizer fromInput;
    private final Requantizer fromOutput;

    GateSums(
            String who,
            WeightRows weights,
            WeightRows recurrent,
            int[] bias,
            QuantParams input,
            QuantParams output,
            QuantParams preActivation,
            Requantization mode) {
        if (recurrent.rows() != weights.rows() || bias.length != weights.rows()) {
            throw new IllegalArgumentException(
                    who
                            + ": "
                            + weights
                            + ", recurrent "
                            + recurrent
                            + " and "
                            + bias.length
                            + " biases; all should have the same number of rows");
        }
        requireGrid(who, "the value before the activation function", preActivation);
        this.weights = weights;
        this.recurrent = recurrent;
        this.bias = bias.clone();
        for (int c = 0; c < bias.length; c++) {
            long largest = weights.largest(c, largestStep(input)) + Math.abs((long) bias[c]);
            requireFits(who, "input", c, largest);
            requireFits(who, "recurrent", c, recurrent.largest(c, largestStep(output)));
        }
        fromInput = requantizer(mode, input, weights, preActivation);
        fromOutput = requantizer(mode, output, recurrent, preActivation);
    }

    /** A requantizer to the grid before the activation function, which clamps only far outside. */
    static Requantizer requantizer(
            Requantization mode, QuantParams factor, WeightRows weights, QuantParams to) {
        int limit = RecurrentCell.PART_LIMIT;
        return Requantizer.of(mode, factor.scale(), weights.params().scales(), to, -limit, limit);
    }

    /** Sums of integers need a grid with zero point 0. */
    static void requireGrid(String who, String what, QuantParams p) {
        if (p.size() != 1 || p.zeroPoint() != 0 || !p.spec().signed()) {
            throw new IllegalArgumentException(
                    who
                            + ": "
                            + what
                            + " has "
                            + p
                            + "; expected signed integers with one scale and zero point 0");
        }
    }

    private static void requireFits(String who, String part, int row, long largest) {
        if (largest > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    who
                            + ", column "
                            + row
                            + ": its "
                            + part
                            + " accumulator can reach "
                            + largest
                            + ", more than int32 holds; use fewer bits for weights or activations,"
                            + " or a smaller bias");
        }
    }

    private static int largestStep(QuantParams p) {
        return Math.max(Math.abs(p.lowestStep()), Math.abs(p.highestStep()));
    }

    int rows() {
        return bias.length;
    }

    WeightRows weights() {
        return weights;
    }

    WeightRows recurrent() {
        return recurrent;
    }

    int[] bias() {
        return bias.clone();
    }

    /**
     * The sums of several examples; a row of weights is read once for all of them.
     *
     * @param x steps of the input, {@code [example][input]}
     * @param h steps of the last output, {@code [example][unit]}
     * @param z receives the sums, {@code [example][row]}
     */
    void compute(int[][] x, int[][] h, int[][] z) {
        for (int c = 0; c < bias.length; c++) {
            for (int e = 0; e < x.length; e++) {
                z[e][c] =
                        fromInput.apply(bias[c] + weights.dot(c, x[e]), c)
                                + fromOutput.apply(recurrent.dot(c, h[e]), c);
            }
        }
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof GateSums other
                && weights.equals(other.weights)
                && recurrent.equals(other.recurrent)
                && Arrays.equals(bias, other.bias);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * weights.hashCode() + recurrent.hashCode()) + Arrays.hashCode(bias);
    }
}
