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
 * {@code inputScale * (1 / n) / outputScale} or {@code inputScale / outputScale}.
 */
record GlobalPoolingExact(GlobalPoolingLayer conf) implements ExactForm {

    @Override
    public INDArray apply(
            INDArray steps, QuantParams input, QuantParams output, Requantization mode) {
        int[] axes =
                conf.getPoolingDimensions() == null
                        ? IntStream.range(2, steps.rank()).toArray()
                        : conf.getPoolingDimensions();
        boolean average = conf.getPoolingType() == PoolingType.AVG;
        boolean sum = conf.getPoolingType() == PoolingType.SUM;
        if (steps.rank() < 3 || axes.length != steps.rank() - 2 || !(average || sum)) {
            return null;
        }
        long pixels = 1;
        for (int axis : axes) {
            pixels *= steps.size(axis);
        }
        float share = average ? 1f / pixels : 1f;
        INDArray sums = ExactSum.summable(steps, input, (double) pixels).sum(axes).dup('c');
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
        if (conf.isCollapseDimensions()) {
            return sums;
        }
        long[] shape = new long[steps.rank()];
        Arrays.fill(shape, 1);
        shape[0] = sums.size(0);
        shape[1] = sums.size(1);
        return sums.reshape(shape);
    }
}
