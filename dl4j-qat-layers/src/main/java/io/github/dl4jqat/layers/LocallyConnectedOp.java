package io.github.dl4jqat.layers;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A convolution whose positions each have weights of their own: for position {@code p}, {@code y[:,
 * :, p] = patch[p] * w[p] + b}, with {@code w [positions, nIn * kH * kW, nOut]}.
 */
final class LocallyConnectedOp implements LinearOp {

    private final LocalWindows windows;
    private final long[] inputShape;
    private final long[] outputShape;
    private final boolean channelsLast;

    private LocallyConnectedOp(
            LocalWindows windows, long[] inputShape, long[] outputShape, boolean channelsLast) {
        this.windows = windows;
        this.inputShape = inputShape;
        this.outputShape = outputShape;
        this.channelsLast = channelsLast;
    }

    static LocallyConnectedOp of(LocallyConnected2D conf) {
        int[] in = conf.getInputSize();
        int[] out = conf.getOutputSize();
        int channels = Math.toIntExact(conf.getNIn());
        return new LocallyConnectedOp(
                LocalWindows.of(
                        new int[] {channels, in[0], in[1]},
                        conf.getKernel(),
                        conf.getStride(),
                        conf.getPadding(),
                        out),
                new long[] {channels, in[0], in[1]},
                new long[] {conf.getNOut(), out[0], out[1]},
                conf.getFormat() == CNN2DFormat.NHWC);
    }

    static LocallyConnectedOp of(LocallyConnected1D conf) {
        int channels = Math.toIntExact(conf.getNIn());
        return new LocallyConnectedOp(
                LocalWindows.of(
                        new int[] {channels, conf.getInputSize(), 1},
                        new int[] {conf.getKernel(), 1},
                        new int[] {conf.getStride(), 1},
                        new int[] {conf.getPadding(), 0},
                        new int[] {conf.getOutputSize(), 1}),
                new long[] {channels, conf.getInputSize()},
                new long[] {conf.getNOut(), conf.getOutputSize()},
                false);
    }

    /**
     * Complains about a layer that has no quantized form.
     *
     * @param dilated whether it skips numbers
     */
    static void requireSupported(boolean sized, boolean dilated, ConvolutionMode mode, String id) {
        if (!sized) {
            throw new IllegalStateException(
                    id
                            + ": a locally connected layer has weights for each position, so the"
                            + " size of its input has to be known; set the input type of the"
                            + " network, for a sequence with its length");
        }
        if (dilated || mode == ConvolutionMode.Causal) {
            throw new IllegalStateException(
                    id
                            + ": a locally connected layer with "
                            + (dilated ? "a dilation" : "mode Causal")
                            + "; the stock layer does not compute that, use dilation 1 and mode"
                            + " Same, Truncate or Strict");
        }
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray z = product(x, w);
        if (b != null) {
            z.addi(b.reshape(1, b.length(), 1).castTo(z.dataType()).broadcast(z.shape()));
        }
        INDArray y = mgr.createUninitialized(type, z.dataType(), batched(x, outputShape), 'c');
        return y.assign(z.reshape('c', y.shape()));
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        return product(x, w).reshape('c', batched(x, outputShape));
    }

    /** {@code [batch, nOut, positions]}. */
    private INDArray product(INDArray x, INDArray w) {
        return Nd4j.matmul(patches(x).permute(0, 2, 1).dup('c'), w.dup('c'))
                .permute(1, 2, 0)
                .dup('c');
    }

    /** {@code [positions, features, batch]}. */
    private INDArray patches(INDArray x) {
        long examples = x.size(0);
        INDArray columns = x.dup('c').reshape('c', examples, windows.pixels()).transpose();
        INDArray padding = Nd4j.zeros(x.dataType(), 1, examples);
        INDArray rows = Nd4j.concat(0, columns.dup('c'), padding);
        return Nd4j.pullRows(rows, 1, windows.sources(), 'c')
                .reshape('c', windows.positions(), windows.features(), examples);
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
        long examples = x.size(0);
        INDArray delta =
                epsilon.dup('c').reshape('c', examples, outputShape[0], windows.positions());
        gradW.assign(Nd4j.matmul(patches(x), delta.permute(2, 0, 1).dup('c')));
        if (gradB != null) {
            gradB.assign(delta.sum(0, 2).reshape(gradB.shape()));
        }
        INDArray back = Nd4j.matmul(w.dup('c'), delta.permute(2, 1, 0).dup('c')).dup('c');
        double[] sums = windows.collected(back.data().asDouble(), Math.toIntExact(examples));
        INDArray columns =
                ChannelValues.array(sums, w.dataType(), (long) windows.pixels(), examples);
        return mgr.dup(ArrayType.ACTIVATION_GRAD, columns.transpose(), 'c')
                .reshape('c', batched(x, inputShape));
    }

    private static long[] batched(INDArray x, long[] shape) {
        long[] batched = new long[shape.length + 1];
        batched[0] = x.size(0);
        System.arraycopy(shape, 0, batched, 1, shape.length);
        return batched;
    }

    @Override
    public INDArray outputFirst(INDArray w) {
        return w.permute(2, 0, 1).dup('c');
    }

    @Override
    public int outputAxisOfWeights() {
        return 2;
    }

    @Override
    public int inputAxisOfWeights() {
        return 1;
    }

    /** An input channel is many rows of each position's weights. */
    @Override
    public boolean splits() {
        return false;
    }

    @Override
    public int channelAxis() {
        return 1;
    }

    @Override
    public void requireFitting(INDArray x, INDArray w, String layerId) {
        long[] expected = batched(x, inputShape);
        if (channelsLast) {
            expected = new long[] {expected[0], expected[2], expected[3], expected[1]};
        }
        if (!Arrays.equals(x.shape(), expected)) {
            throw new DL4JInvalidInputException(
                    "Expected input of shape "
                            + Arrays.toString(expected)
                            + ", for each position of which this layer has weights, got "
                            + Arrays.toString(x.shape())
                            + "; is a preprocessor missing, or the wrong input type or data format"
                            + " set? "
                            + layerId);
        }
    }

    @Override
    public INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        return mgr.dup(type, channelsLast ? x.permute(0, 3, 1, 2) : x, 'c');
    }

    @Override
    public INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr) {
        return channelsLast ? mgr.dup(type, y.permute(0, 2, 3, 1), 'c') : y;
    }

    @Override
    public boolean takesDropout() {
        return false;
    }

    @Override
    public Layer.Type type() {
        return Layer.Type.FEED_FORWARD;
    }
}
