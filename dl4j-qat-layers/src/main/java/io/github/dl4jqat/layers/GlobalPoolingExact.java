package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Global average and sum pooling on integers: the sum of all steps of a channel, requantized by
 * {@code inputScale * (1 / n) / outputScale} or {@code inputScale / outputScale}. With a mask n is
 * the number of steps that count, for each example its own.
 */
record GlobalPoolingExact(GlobalPoolingLayer conf) implements ExactForm {

    @Override
    public INDArray apply(
            INDArray steps, QuantParams input, QuantParams output, Requantization mode) {
        int[] axes =
                conf.getPoolingDimensions() == null
                        ? IntStream.range(2, steps.rank()).toArray()
                        : conf.getPoolingDimensions();
        if (steps.rank() < 3 || axes.length != steps.rank() - 2 || !summable()) {
            return null;
        }
        long pixels = 1;
        for (int axis : axes) {
            pixels *= steps.size(axis);
        }
        INDArray sums = ExactSum.summable(steps, input, (double) pixels).sum(axes).dup('c');
        requantize(sums, pixels, input, output, mode);
        return collapsed(sums, steps.rank());
    }

    /** As the stock layer, a mask takes time to be the last axis. */
    @Override
    public INDArray apply(
            INDArray steps,
            INDArray mask,
            QuantParams input,
            QuantParams output,
            Requantization mode) {
        if (mask == null) {
            return apply(steps, input, output, mode);
        }
        if (steps.rank() != 3 || mask.rank() != 2 || mask.size(1) != steps.size(2)) {
            return null;
        }
        double[][] counts = mask.toDoubleMatrix();
        boolean everyExample =
                Arrays.stream(counts).allMatch(row -> Arrays.stream(row).anyMatch(m -> m == 1));
        boolean zeroOrOne =
                Arrays.stream(counts)
                        .flatMapToDouble(Arrays::stream)
                        .allMatch(m -> m == 0 || m == 1);
        if (!summable() || !everyExample || !zeroOrOne) {
            return null;
        }
        INDArray all = ExactSum.summable(steps, input, (double) steps.size(2));
        INDArray factor = mask.castTo(all.dataType()).reshape(mask.size(0), 1, mask.size(1));
        INDArray sums = all.mul(factor).sum(2).dup('c');
        for (int example = 0; example < counts.length; example++) {
            INDArray row = sums.getRow(example, true).dup('c');
            requantize(row, (long) Arrays.stream(counts[example]).sum(), input, output, mode);
            sums.putRow(example, row);
        }
        return collapsed(sums, steps.rank());
    }

    private boolean summable() {
        return conf.getPoolingType() == PoolingType.AVG || conf.getPoolingType() == PoolingType.SUM;
    }

    /** In place; {@code [examples, channels]}, each the sum of so many steps. */
    private void requantize(
            INDArray sums, long steps, QuantParams input, QuantParams output, Requantization mode) {
        float share = conf.getPoolingType() == PoolingType.AVG ? 1f / steps : 1f;
        Requantizer requantizer =
                Requantizer.of(
                        mode,
                        input.scale(),
                        new float[] {share},
                        output,
                        output.spec().qMin(),
                        output.spec().qMax());
        TensorKernels.requantize(
                sums, sums, new int[Math.toIntExact(sums.size(1))], requantizer, output, 1);
    }

    private INDArray collapsed(INDArray sums, int rank) {
        if (conf.isCollapseDimensions()) {
            return sums;
        }
        long[] shape = new long[rank];
        Arrays.fill(shape, 1);
        shape[0] = sums.size(0);
        shape[1] = sums.size(1);
        return sums.reshape(shape);
    }
}
