package io.github.dl4jqat.layers;

import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A 2-D convolution, channels first: {@code x [batch, nIn, h, w] * w [nOut, nIn, kH, kW] + b
 * [nOut]}, by ND4J's native {@code conv2d} and {@code conv2d_bp}. With oneDNN natives these are
 * many times faster than the im2col of the stock layer.
 */
final class ConvolutionOp implements LinearOp {

    private static final int CHANNELS_FIRST = 0;
    private static final int WEIGHTS_OUT_IN_H_W = 1;

    private final ConvolutionLayer conf;
    private final DilatedKernel dilated;

    ConvolutionOp(ConvolutionLayer conf) {
        this.conf = conf;
        this.dilated = DilatedKernel.of(conf.getDilation());
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray z = mgr.createUninitialized(type, w.dataType(), outputShape(x, w), 'c');
        return convolve(x, w, b, z);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        INDArray planes = x;
        INDArray kernels = w;
        if (from != 0 || to != w.size(1)) {
            NDArrayIndexes channels = new NDArrayIndexes(from, to);
            planes = channels.of(x);
            kernels = channels.of(w);
        }
        return convolve(
                planes, kernels, null, Nd4j.createUninitialized(w.dataType(), outputShape(x, w)));
    }

    @Override
    public INDArray backward(
            INDArray x,
            INDArray w,
            INDArray b,
            INDArray epsilon,
            INDArray gradW,
            INDArray gradB,
            LayerWorkspaceMgr mgr) {
        INDArray gradX =
                mgr.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, epsilon.dataType(), x.shape(), 'c');
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder("conv2d_bp");
        INDArray kernel = dilated.spread(w);
        INDArray gradKernel = dilated.spreadLike(gradW);
        if (gradB == null) {
            op.addInputs(x, kernel, epsilon).addOutputs(gradX, gradKernel);
        } else {
            op.addInputs(x, kernel, b, epsilon).addOutputs(gradX, gradKernel, gradB);
        }
        Nd4j.exec(op.addIntegerArguments(arguments()).build());
        dilated.gather(gradKernel, gradW);
        return gradX;
    }

    private INDArray convolve(INDArray x, INDArray w, INDArray b, INDArray z) {
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder("conv2d");
        INDArray kernel = dilated.spread(w);
        if (b == null) {
            op.addInputs(x, kernel);
        } else {
            op.addInputs(x, kernel, b);
        }
        Nd4j.exec(op.addOutputs(z).addIntegerArguments(arguments()).build());
        return z;
    }

    private int[] arguments() {
        boolean same = conf.getConvolutionMode() == ConvolutionMode.Same;
        int[] k = conf.getKernelSize();
        int[] s = conf.getStride();
        int[] p = same ? new int[2] : conf.getPadding();
        return new int[] {
            dilated.spreadHeight(k[0]),
            dilated.spreadWidth(k[1]),
            s[0],
            s[1],
            p[0],
            p[1],
            1,
            1,
            same ? 1 : 0,
            CHANNELS_FIRST,
            WEIGHTS_OUT_IN_H_W
        };
    }

    private long[] outputShape(INDArray x, INDArray w) {
        boolean same = conf.getConvolutionMode() == ConvolutionMode.Same;
        int[] size =
                ConvolutionUtils.getOutputSize(
                        x,
                        conf.getKernelSize(),
                        conf.getStride(),
                        same ? null : conf.getPadding(),
                        conf.getConvolutionMode(),
                        conf.getDilation(),
                        CNN2DFormat.NCHW);
        return new long[] {x.size(0), w.size(0), size[0], size[1]};
    }

    @Override
    public int outputAxisOfWeights() {
        return 0;
    }

    @Override
    public int inputAxisOfWeights() {
        return 1;
    }

    @Override
    public int channelAxis() {
        return 1;
    }

    @Override
    public void requireFitting(INDArray x, INDArray w, String layerId) {
        int axis = channelsLast() ? 3 : 1;
        if (x.rank() != 4 || x.size(axis) != w.size(1)) {
            throw new DL4JInvalidInputException(
                    "Expected images with "
                            + w.size(1)
                            + (channelsLast()
                                    ? " channels, [batch, height, width, channels], got "
                                    : " channels, [batch, channels, height, width], got ")
                            + java.util.Arrays.toString(x.shape())
                            + "; is a preprocessor missing, or the wrong input type or data format"
                            + " set? "
                            + layerId);
        }
    }

    /** The native convolution wants channels first, and rows without gaps. */
    @Override
    public INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        if (channelsLast()) {
            return mgr.dup(type, x.permute(0, 3, 1, 2), 'c');
        }
        return x.ordering() == 'c' && Shape.hasDefaultStridesForShape(x)
                ? x
                : mgr.dup(type, x, 'c');
    }

    @Override
    public INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr) {
        return channelsLast() ? mgr.dup(type, y.permute(0, 2, 3, 1), 'c') : y;
    }

    @Override
    public Pair<INDArray, MaskState> maskBehind(INDArray mask, MaskState state, int minibatch) {
        if (mask == null) {
            return new Pair<>(null, state);
        }
        return new Pair<>(
                ConvolutionUtils.cnn2dMaskReduction(
                        mask,
                        conf.getKernelSize(),
                        conf.getStride(),
                        conf.getPadding(),
                        conf.getDilation(),
                        conf.getConvolutionMode()),
                state);
    }

    @Override
    public Layer.Type type() {
        return Layer.Type.CONVOLUTIONAL;
    }

    private boolean channelsLast() {
        return conf.getCnn2dDataFormat() == CNN2DFormat.NHWC;
    }

    /** A range of axis 1 of a rank 4 array, copied: ND4J loses slices of slices. */
    private record NDArrayIndexes(long from, long to) {
        INDArray of(INDArray array) {
            return array.get(
                            NDArrayIndex.all(),
                            NDArrayIndex.interval(from, to),
                            NDArrayIndex.all(),
                            NDArrayIndex.all())
                    .dup('c');
        }
    }
}
