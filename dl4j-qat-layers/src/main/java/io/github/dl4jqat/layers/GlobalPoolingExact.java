package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Global average and sum pooling on integers: the sum of all steps of a channel, requantized by
 * {@code inputScale * (1 / n) / outputScale} or {@code inputScale / outputScale}.
 */
record GlobalPoolingExact(GlobalPoolingLayer conf) implements ExactForm {

    private static final int[] CHANNELS_FIRST = {2, 3};

    @Override
    public INDArray apply(
            INDArray steps, QuantParams input, QuantParams output, Requantization mode) {
        int[] axes =
                conf.getPoolingDimensions() == null ? CHANNELS_FIRST : conf.getPoolingDimensions();
        boolean average = conf.getPoolingType() == PoolingType.AVG;
        boolean sum = conf.getPoolingType() == PoolingType.SUM;
        if (steps.rank() != 4 || axes.length != 2 || !(average || sum)) {
            return null;
        }
        float share = average ? 1f / (steps.size(axes[0]) * steps.size(axes[1])) : 1f;
        double pixels = (double) steps.size(axes[0]) * steps.size(axes[1]);
        INDArray sums = ExactSum.summable(steps, input, pixels).sum(axes).dup('c');
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
        return conf.isCollapseDimensions() ? sums : sums.reshape(sums.size(0), sums.size(1), 1, 1);
    }
}
