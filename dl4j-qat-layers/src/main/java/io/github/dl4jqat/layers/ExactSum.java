package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * A linear op on whole numbers carried by floats. A float holds every whole number up to 2^24, so
 * as long as no partial sum can be larger, whatever the order of summation, the result is exact.
 * Where the weights could exceed that, the input channels are taken in portions which cannot, and
 * the portions are added up as doubles.
 */
final class ExactSum {

    private static final double EXACT_FLOAT = 0x1p24;
    private static final double EXACT_DOUBLE = 0x1p53;

    private ExactSum() {}

    /**
     * The exact accumulators, in an array of the inputs' type or of DOUBLE.
     *
     * @param x steps of the input
     * @param w steps of the weights
     * @param input says how large a step of the input can be
     */
    static INDArray of(LinearOp op, INDArray x, INDArray w, QuantParams input) {
        double largestInput = Math.max(Math.abs(input.lowestStep()), Math.abs(input.highestStep()));
        double limit =
                (x.dataType() == DataType.DOUBLE ? EXACT_DOUBLE : EXACT_FLOAT) / largestInput;
        int inputAxis = op.inputAxisOfWeights();
        INDArray magnitude = Transforms.abs(w, true).castTo(DataType.DOUBLE);
        INDArray byOutput = op.byOutput(magnitude);
        long channels = w.size(inputAxis);
        if (largest(byOutput.sum(otherAxes(byOutput.rank(), op.outputAxisOfWeights()))) <= limit) {
            return op.partial(x, w, 0, channels);
        }
        if (!op.splits()) {
            return op.partial(x.castTo(DataType.DOUBLE), w.castTo(DataType.DOUBLE), 0, channels);
        }
        INDArray sum = null;
        for (long[] portion : portions(perInputChannel(op, magnitude), limit)) {
            INDArray part = op.partial(x, w, portion[0], portion[1]).castTo(DataType.DOUBLE);
            sum = sum == null ? part : sum.addi(part);
        }
        return sum;
    }

    /**
     * The steps in a type that holds the sum of that many of them exactly: their own, or DOUBLE.
     */
    static INDArray summable(INDArray steps, QuantParams input, double count) {
        double largest = Math.max(Math.abs(input.lowestStep()), Math.abs(input.highestStep()));
        return count * largest <= EXACT_FLOAT ? steps : steps.castTo(DataType.DOUBLE);
    }

    /** For each input channel the largest sum of magnitudes that any output channel has there. */
    private static double[] perInputChannel(LinearOp op, INDArray magnitude) {
        int in = op.inputAxisOfWeights();
        int out = op.outputAxisOfWeights();
        int[] kernelAxes = new int[magnitude.rank() - 2];
        for (int axis = 0, i = 0; axis < magnitude.rank(); axis++) {
            if (axis != in && axis != out) {
                kernelAxes[i++] = axis;
            }
        }
        INDArray channelPairs = kernelAxes.length == 0 ? magnitude : magnitude.sum(kernelAxes);
        // Two axes are left, in their old order.
        return channelPairs.max(out < in ? 0 : 1).dup('c').data().asDouble();
    }

    private static List<long[]> portions(double[] magnitudes, double limit) {
        List<long[]> portions = new ArrayList<>();
        int from = 0;
        double sum = 0;
        for (int i = 0; i < magnitudes.length; i++) {
            if (i > from && sum + magnitudes[i] > limit) {
                portions.add(new long[] {from, i});
                from = i;
                sum = 0;
            }
            sum += magnitudes[i];
        }
        portions.add(new long[] {from, magnitudes.length});
        return portions;
    }

    private static double largest(INDArray array) {
        return Arrays.stream(array.dup('c').data().asDouble()).max().orElse(0);
    }

    private static int[] otherAxes(int rank, int axis) {
        int[] others = new int[rank - 1];
        for (int a = 0, i = 0; a < rank; a++) {
            if (a != axis) {
                others[i++] = a;
            }
        }
        return others;
    }
}
