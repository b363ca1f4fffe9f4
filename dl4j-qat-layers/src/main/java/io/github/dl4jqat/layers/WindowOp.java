package io.github.dl4jqat.layers;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.Convolution3DUtils;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * What all convolutions of images and of volumes share: they compute channels first, {@code [batch,
 * channels, h, w]} or {@code [batch, channels, d, h, w]}, whatever the layer's data format, and
 * slide a window.
 */
abstract class WindowOp implements LinearOp {

    private final ConvolutionLayer conf;
    private final int axes;
    private final DilatedKernel dilated;

    WindowOp(ConvolutionLayer conf) {
        this.conf = conf;
        axes = conf.getKernelSize().length;
        dilated = DilatedKernel.of(conf.getDilation());
    }

    /** How many axes the window has: two for images, three for volumes. */
    final int axes() {
        return axes;
    }

    /** How far the taps lie apart. */
    final DilatedKernel dilated() {
        return dilated;
    }

    final boolean same() {
        return conf.getConvolutionMode() == ConvolutionMode.Same;
    }

    final int stride(int axis) {
        return conf.getStride()[axis];
    }

    final int padding(int axis) {
        return same() ? 0 : conf.getPadding()[axis];
    }

    /** How far the kernel reaches on one axis. */
    final int extent(int axis) {
        return dilated.extent(axis, conf.getKernelSize()[axis]);
    }

    /** What ND4J's convolution ops are told, without the layout of the weights. */
    final int[] window() {
        int[] window = new int[4 * axes + 2];
        for (int axis = 0; axis < axes; axis++) {
            window[axis] = extent(axis);
            window[axes + axis] = stride(axis);
            window[2 * axes + axis] = padding(axis);
            window[3 * axes + axis] = 1;
        }
        window[4 * axes] = same() ? 1 : 0;
        // The last number says that channels come first: 0.
        return window;
    }

    /** The same for an input that has its padding already. */
    final int[] windowWithoutPadding() {
        int[] window = window();
        Arrays.fill(window, 2 * axes, 3 * axes, 0);
        window[4 * axes] = 0;
        return window;
    }

    /** A window and the number by which an op knows a layout of weights. */
    static int[] with(int weightLayout, int[] window) {
        int[] arguments = Arrays.copyOf(window, window.length + 1);
        arguments[window.length] = weightLayout;
        return arguments;
    }

    /** What a convolution puts around its input. */
    final ExplicitPadding explicitPadding(INDArray x) {
        int[] before = new int[axes];
        int[] after = new int[axes];
        for (int axis = 0; axis < axes; axis++) {
            int size = Math.toIntExact(x.size(axis + 2));
            int outputs = (size + stride(axis) - 1) / stride(axis);
            int missing = (outputs - 1) * stride(axis) + extent(axis) - size;
            before[axis] = same() ? missing / 2 : padding(axis);
            after[axis] = same() ? missing - before[axis] : padding(axis);
        }
        return new ExplicitPadding(before, after);
    }

    /** The shape of a convolution's result. */
    final long[] convolved(INDArray x, long outputs) {
        int[] padding = same() ? null : conf.getPadding();
        int[] size =
                axes == 2
                        ? ConvolutionUtils.getOutputSize(
                                x,
                                conf.getKernelSize(),
                                conf.getStride(),
                                padding,
                                conf.getConvolutionMode(),
                                conf.getDilation(),
                                CNN2DFormat.NCHW)
                        : Convolution3DUtils.get3DOutputSize(
                                x,
                                conf.getKernelSize(),
                                conf.getStride(),
                                padding,
                                conf.getConvolutionMode(),
                                conf.getDilation(),
                                true);
        long[] shape = new long[axes + 2];
        shape[0] = x.size(0);
        shape[1] = outputs;
        for (int axis = 0; axis < axes; axis++) {
            shape[axis + 2] = size[axis];
        }
        return shape;
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
        int axis = channelsLast() ? axes + 1 : 1;
        if (x.rank() != axes + 2 || x.size(axis) != channels) {
            String places = axes == 2 ? "height, width" : "depth, height, width";
            throw new DL4JInvalidInputException(
                    "Expected "
                            + (axes == 2 ? "images with " : "volumes with ")
                            + channels
                            + " channels, "
                            + (channelsLast()
                                    ? "[batch, " + places + ", channels]"
                                    : "[batch, channels, " + places + "]")
                            + ", got "
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
            int[] order = IntStream.rangeClosed(-1, axes).map(i -> Math.max(0, i)).toArray();
            order[1] = axes + 1;
            return mgr.dup(type, x.permute(order), 'c');
        }
        return x.ordering() == 'c' && Shape.hasDefaultStridesForShape(x)
                ? x
                : mgr.dup(type, x, 'c');
    }

    @Override
    public final INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr) {
        if (!channelsLast()) {
            return y;
        }
        int[] order = IntStream.rangeClosed(1, axes + 2).toArray();
        order[0] = 0;
        for (int axis = 0; axis < axes; axis++) {
            order[axis + 1] = axis + 2;
        }
        order[axes + 1] = 1;
        return mgr.dup(type, y.permute(order), 'c');
    }

    /** Masks of volumes are handed on as they are. */
    @Override
    public final Pair<INDArray, MaskState> maskBehind(
            INDArray mask, MaskState state, int minibatch) {
        if (mask == null || axes != 2) {
            return new Pair<>(mask, state);
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
        return axes == 2 ? Layer.Type.CONVOLUTIONAL : Layer.Type.CONVOLUTIONAL3D;
    }

    private boolean channelsLast() {
        if (conf instanceof Convolution3D volume) {
            return volume.getDataFormat() == Convolution3D.DataFormat.NDHWC;
        }
        if (conf instanceof Deconvolution3D volume) {
            return volume.getDataFormat() == Convolution3D.DataFormat.NDHWC;
        }
        return conf.getCnn2dDataFormat() == CNN2DFormat.NHWC;
    }
}
