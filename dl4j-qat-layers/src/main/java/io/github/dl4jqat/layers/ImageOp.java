package io.github.dl4jqat.layers;

import java.util.Arrays;
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
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What all 2-D convolutions share: they compute channels first, {@code [batch, channels, h, w]},
 * whatever the layer's data format, and slide a window.
 */
abstract class ImageOp implements LinearOp {

    private final ConvolutionLayer conf;
    private final DilatedKernel dilated;

    ImageOp(ConvolutionLayer conf) {
        this.conf = conf;
        this.dilated = DilatedKernel.of(conf.getDilation());
    }

    /** The layer's configuration. */
    final ConvolutionLayer conf() {
        return conf;
    }

    /** How far the taps lie apart. */
    final DilatedKernel dilated() {
        return dilated;
    }

    final boolean same() {
        return conf.getConvolutionMode() == ConvolutionMode.Same;
    }

    /** What ND4J's convolution ops are told, without the layout of the weights. */
    final int[] window() {
        int[] k = conf.getKernelSize();
        int[] s = conf.getStride();
        int[] p = same() ? new int[2] : conf.getPadding();
        return new int[] {
            dilated.extent(0, k[0]),
            dilated.extent(1, k[1]),
            s[0],
            s[1],
            p[0],
            p[1],
            1,
            1,
            same() ? 1 : 0,
            0 // channels first
        };
    }

    /** {@link #window()} and the number by which an op knows a layout of weights. */
    final int[] window(int weightLayout) {
        int[] window = window();
        int[] arguments = Arrays.copyOf(window, window.length + 1);
        arguments[window.length] = weightLayout;
        return arguments;
    }

    /** The shape of a convolution's result. */
    final long[] convolved(INDArray x, long outputs) {
        int[] size =
                ConvolutionUtils.getOutputSize(
                        x,
                        conf.getKernelSize(),
                        conf.getStride(),
                        same() ? null : conf.getPadding(),
                        conf.getConvolutionMode(),
                        conf.getDilation(),
                        CNN2DFormat.NCHW);
        return new long[] {x.size(0), outputs, size[0], size[1]};
    }

    /** Positions {@code from..to} on one axis, copied: ND4J loses slices of slices. */
    static INDArray slice(INDArray array, int axis, long from, long to) {
        INDArrayIndex[] index = new INDArrayIndex[array.rank()];
        Arrays.fill(index, NDArrayIndex.all());
        index[axis] = NDArrayIndex.interval(from, to);
        return array.get(index).dup('c');
    }

    @Override
    public final int channelAxis() {
        return 1;
    }

    @Override
    public final void requireFitting(INDArray x, INDArray w, String layerId) {
        long channels = w.size(inputAxisOfWeights());
        int axis = channelsLast() ? 3 : 1;
        if (x.rank() != 4 || x.size(axis) != channels) {
            throw new DL4JInvalidInputException(
                    "Expected images with "
                            + channels
                            + (channelsLast()
                                    ? " channels, [batch, height, width, channels], got "
                                    : " channels, [batch, channels, height, width], got ")
                            + Arrays.toString(x.shape())
                            + "; is a preprocessor missing, or the wrong input type or data format"
                            + " set? "
                            + layerId);
        }
    }

    /** The native convolutions want channels first, and rows without gaps. */
    @Override
    public final INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        if (channelsLast()) {
            return mgr.dup(type, x.permute(0, 3, 1, 2), 'c');
        }
        return x.ordering() == 'c' && Shape.hasDefaultStridesForShape(x)
                ? x
                : mgr.dup(type, x, 'c');
    }

    @Override
    public final INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr) {
        return channelsLast() ? mgr.dup(type, y.permute(0, 2, 3, 1), 'c') : y;
    }

    @Override
    public final Pair<INDArray, MaskState> maskBehind(
            INDArray mask, MaskState state, int minibatch) {
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
    public final Layer.Type type() {
        return Layer.Type.CONVOLUTIONAL;
    }

    private boolean channelsLast() {
        return conf.getCnn2dDataFormat() == CNN2DFormat.NHWC;
    }
}
