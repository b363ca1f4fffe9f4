package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.ChannelKernels;
import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One factor and one shift for each channel, {@code x [batch, channels, ...] * w [channels, 1] + b
 * [channels]}: a depthwise convolution with a kernel of one element, and what a batch normalization
 * is once its statistics are settled.
 */
final class ChannelScaleOp implements LinearOp {

    private static final int RANK_OF_IMAGES = 4;

    private final long channels;
    private final boolean channelsLast;

    ChannelScaleOp(long channels, CNN2DFormat format) {
        this.channels = channels;
        channelsLast = format == CNN2DFormat.NHWC;
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray y = mgr.createUninitialized(type, x.dataType(), x.shape(), 'c');
        return scaled(x, w, b, y);
    }

    private INDArray scaled(INDArray x, INDArray w, INDArray b, INDArray y) {
        double[] shift = b == null ? new double[(int) channels] : ChannelValues.read(b);
        ChannelKernels.affine(x, ChannelValues.read(w), shift, y, channelAxis());
        return y;
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        return scaled(x, w, null, Nd4j.createUninitialized(x.dataType(), x.shape(), 'c'));
    }

    @Override
    public boolean splits() {
        return false;
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
        int axis = channelAxis();
        ChannelValues.write(ChannelKernels.dots(x, epsilon, axis), gradW);
        if (gradB != null) {
            ChannelValues.write(ChannelKernels.sums(epsilon, axis), gradB);
        }
        INDArray gradX =
                mgr.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, epsilon.dataType(), x.shape(), 'c');
        ChannelKernels.scale(epsilon, ChannelValues.read(w), gradX, axis);
        return gradX;
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
        int axis = isChannelsLast(x) ? RANK_OF_IMAGES - 1 : 1;
        if (x.rank() < 2 || x.size(axis) != channels) {
            throw new DL4JInvalidInputException(
                    "Expected "
                            + channels
                            + (channelsLast
                                    ? " channels, [batch, height, width, channels] or [batch,"
                                            + " channels], got "
                                    : " channels, [batch, channels, ...], got ")
                            + Arrays.toString(x.shape())
                            + "; is a preprocessor missing, or the wrong input type or data format"
                            + " set? "
                            + layerId);
        }
    }

    private boolean isChannelsLast(INDArray x) {
        return channelsLast && x.rank() == RANK_OF_IMAGES;
    }

    @Override
    public INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        if (isChannelsLast(x)) {
            return mgr.dup(type, x.permute(0, 3, 1, 2), 'c');
        }
        return x.ordering() == 'c' && Shape.hasDefaultStridesForShape(x)
                ? x
                : mgr.dup(type, x, 'c');
    }

    @Override
    public INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr) {
        return isChannelsLast(y) ? mgr.dup(type, y.permute(0, 2, 3, 1), 'c') : y;
    }

    /** Stock batch normalization ignores it too. */
    @Override
    public boolean takesDropout() {
        return false;
    }

    @Override
    public Layer.Type type() {
        return Layer.Type.NORMALIZATION;
    }
}
