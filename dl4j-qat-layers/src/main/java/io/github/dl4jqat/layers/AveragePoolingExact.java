package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Average pooling on integers: the sum of the window's steps, requantized by {@code inputScale * (1
 * / n) / outputScale}, where n is the number of elements that count.
 */
record AveragePoolingExact(SubsamplingLayer conf) implements ExactForm {

    @Override
    public INDArray apply(
            INDArray steps, QuantParams input, QuantParams output, Requantization mode) {
        if (conf.getPoolingType() != PoolingType.AVG) {
            return null;
        }
        boolean channelsLast = conf.getCnn2dDataFormat() == CNN2DFormat.NHWC;
        int[] kernel = conf.getKernelSize();
        INDArray summable = ExactSum.summable(steps, input, (double) kernel[0] * kernel[1]);
        INDArray x = channelsLast ? summable.permute(0, 3, 1, 2).dup('c') : summable.dup('c');
        long planes = x.size(0) * x.size(1);
        INDArray sums = sums(x.reshape('c', planes, 1, x.size(2), x.size(3)));
        long height = sums.size(2);
        long width = sums.size(3);
        float[] shares = shares(x.size(2), x.size(3));
        Requantizer requantizer =
                Requantizer.of(
                        mode,
                        input.scale(),
                        shares,
                        output,
                        output.spec().qMin(),
                        output.spec().qMax());
        INDArray positions = sums.reshape('c', planes, height * width);
        TensorKernels.requantize(
                positions, positions, new int[shares.length], requantizer, output, 1);
        INDArray y = positions.reshape('c', x.size(0), x.size(1), height, width);
        return channelsLast ? y.permute(0, 2, 3, 1).dup('c') : y;
    }

    /** {@code 1 / n} for each position of the output. */
    private float[] shares(long height, long width) {
        int[] kernel = conf.getKernelSize();
        INDArray ones = Nd4j.ones(DataType.FLOAT, 1, 1, height, width);
        float[] counts = sums(ones).dup('c').data().asFloat();
        for (int i = 0; i < counts.length; i++) {
            counts[i] =
                    1f / (conf.isAvgPoolIncludePadInDivisor() ? kernel[0] * kernel[1] : counts[i]);
        }
        return counts;
    }

    /** The sum over each window, as a convolution with ones: exact on whole numbers. */
    private INDArray sums(INDArray x) {
        boolean same = conf.getConvolutionMode() == ConvolutionMode.Same;
        int[] k = conf.getKernelSize();
        int[] s = conf.getStride();
        int[] p = same ? new int[2] : conf.getPadding();
        int[] d = conf.getDilation();
        int[] size =
                ConvolutionUtils.getOutputSize(
                        x, k, s, same ? null : p, conf.getConvolutionMode(), d, CNN2DFormat.NCHW);
        DilatedKernel dilated = DilatedKernel.of(d);
        INDArray ones = dilated.spread(Nd4j.ones(x.dataType(), 1, 1, k[0], k[1]));
        INDArray z = Nd4j.createUninitialized(x.dataType(), x.size(0), 1, size[0], size[1]);
        Nd4j.exec(
                DynamicCustomOp.builder("conv2d")
                        .addInputs(x, ones)
                        .addOutputs(z)
                        .addIntegerArguments(
                                dilated.extent(0, k[0]),
                                dilated.extent(1, k[1]),
                                s[0],
                                s[1],
                                p[0],
                                p[1],
                                1,
                                1,
                                same ? 1 : 0,
                                0,
                                1)
                        .build());
        return z;
    }
}
