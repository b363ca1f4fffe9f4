package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Average pooling on integers: the sum of the window's steps, requantized by {@code inputScale * (1
 * / n) / outputScale}, where n is the number of elements that count.
 *
 * @param window a convolution whose window it is
 * @param paddingCounts whether padding counts as elements that are zero
 */
record AveragePoolingExact(ConvolutionLayer window, boolean paddingCounts) implements ExactForm {

    /** The form of an image pooling; one that takes no averages has none. */
    static ExactForm of(SubsamplingLayer conf) {
        if (conf.getPoolingType() != PoolingType.AVG) {
            return (steps, input, output, mode) -> null;
        }
        ConvolutionLayer window =
                new ConvolutionLayer.Builder(conf.getKernelSize())
                        .stride(conf.getStride())
                        .padding(conf.getPadding())
                        .dilation(conf.getDilation())
                        .convolutionMode(conf.getConvolutionMode())
                        .dataFormat(conf.getCnn2dDataFormat())
                        .build();
        return new AveragePoolingExact(window, conf.isAvgPoolIncludePadInDivisor());
    }

    /** The form of a volume pooling, where padding never counts. */
    static ExactForm of(Subsampling3DLayer conf) {
        Convolution3D window =
                new Convolution3D.Builder(conf.getKernelSize())
                        .stride(conf.getStride())
                        .padding(conf.getPadding())
                        .dilation(conf.getDilation())
                        .convolutionMode(conf.getConvolutionMode())
                        .dataFormat(conf.getDataFormat())
                        .build();
        return new AveragePoolingExact(window, false);
    }

    @Override
    public INDArray apply(
            INDArray steps, QuantParams input, QuantParams output, Requantization mode) {
        ConvolutionOp op = new ConvolutionOp(window);
        LayerWorkspaceMgr mgr = LayerWorkspaceMgr.noWorkspaces();
        INDArray summable = ExactSum.summable(steps, input, volume());
        INDArray x = op.arranged(summable, ArrayType.ACTIVATIONS, mgr);
        long planes = x.size(0) * x.size(1);
        INDArray sums = sums(op, x.reshape('c', inPlanes(x, planes)));
        float[] shares = shares(op, inPlanes(x, 1));
        Requantizer requantizer =
                Requantizer.of(
                        mode,
                        input.scale(),
                        shares,
                        output,
                        output.spec().qMin(),
                        output.spec().qMax());
        INDArray positions = sums.reshape('c', planes, shares.length);
        TensorKernels.requantize(
                positions, positions, new int[shares.length], requantizer, output, 1);
        long[] shape = sums.shape().clone();
        shape[0] = x.size(0);
        shape[1] = x.size(1);
        INDArray z = positions.reshape('c', shape);
        INDArray y = op.inDataFormat(z, ArrayType.ACTIVATIONS, mgr);
        // The copy belongs to whatever workspace is open, which one made without any does not.
        return y == z ? y : y.dup('c');
    }

    private int volume() {
        return Arrays.stream(window.getKernelSize()).reduce(1, (a, b) -> a * b);
    }

    /** Each channel of each example as an example of one channel. */
    private static long[] inPlanes(INDArray x, long planes) {
        long[] shape = x.shape().clone();
        shape[0] = planes;
        shape[1] = 1;
        return shape;
    }

    /** {@code 1 / n} for each position of the output. */
    private float[] shares(ConvolutionOp op, long[] plane) {
        float[] counts = sums(op, Nd4j.ones(DataType.FLOAT, plane)).dup('c').data().asFloat();
        for (int i = 0; i < counts.length; i++) {
            counts[i] = 1f / (paddingCounts ? volume() : counts[i]);
        }
        return counts;
    }

    /** The sum over each window, as a convolution with ones: exact on whole numbers. */
    private INDArray sums(ConvolutionOp op, INDArray x) {
        long[] kernel = new long[x.rank()];
        Arrays.fill(kernel, 1);
        for (int axis = 0; axis < op.axes(); axis++) {
            kernel[axis + 2] = window.getKernelSize()[axis];
        }
        return op.partial(x, Nd4j.ones(x.dataType(), kernel), 0, 1);
    }
}
