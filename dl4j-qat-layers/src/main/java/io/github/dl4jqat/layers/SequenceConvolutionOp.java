package io.github.dl4jqat.layers;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastMulOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A convolution along time, {@code [batch, nIn, T]} to {@code [batch, nOut, T']}, as a 2-D one of
 * images one pixel wide. In mode Causal the input gets {@code (k - 1) * dilation} zeros in front,
 * and an output sees nothing later than itself.
 *
 * <p>Deeplearning4j declares the weights as {@code [nOut, nIn, k, 1]}, but computes with the same
 * numbers read as {@code [k, nIn, nOut]}, row-major. So does this op, so that weights mean the same
 * in both layers.
 */
final class SequenceConvolutionOp implements LinearOp {

    private final Convolution1DLayer conf;
    private final int inFront;
    private final ConvolutionOp image;

    SequenceConvolutionOp(Convolution1DLayer conf) {
        this.conf = conf;
        boolean causal = conf.getConvolutionMode() == ConvolutionMode.Causal;
        int kernel = conf.getKernelSize()[0];
        int dilation = conf.getDilation()[0];
        inFront = causal ? (kernel - 1) * dilation : 0;
        image =
                new ConvolutionOp(
                        new ConvolutionLayer.Builder(kernel, 1)
                                .stride(conf.getStride()[0], 1)
                                .padding(causal ? 0 : conf.getPadding()[0], 0)
                                .dilation(dilation, 1)
                                .convolutionMode(
                                        causal
                                                ? ConvolutionMode.Truncate
                                                : conf.getConvolutionMode())
                                .build());
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        return image.apply(padded(x), kernel(w), b, type, mgr);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        INDArray kernel = kernel(w);
        return image.partial(padded(x), kernel, 0, kernel.size(1));
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
        INDArray kernel = kernel(w);
        INDArray gradKernel = kernel.ulike();
        INDArray gradX = image.backward(padded(x), kernel, b, epsilon, gradKernel, gradB, mgr);
        byOutput(gradW).assign(gradKernel.permute(2, 1, 0, 3).reshape(byOutput(gradW).shape()));
        return inFront == 0
                ? gradX
                : mgr.leverageTo(
                        ArrayType.ACTIVATION_GRAD,
                        WindowOp.slice(gradX, 2, inFront, gradX.size(2)));
    }

    /** {@code [nOut, nIn, k, 1]}, in earnest. */
    private INDArray kernel(INDArray w) {
        INDArray byOutput = byOutput(w);
        return byOutput.permute(2, 1, 0)
                .dup('c')
                .reshape('c', byOutput.size(2), byOutput.size(1), byOutput.size(0), 1);
    }

    private INDArray padded(INDArray x) {
        if (inFront == 0) {
            return x;
        }
        INDArray zeros = Nd4j.zeros(x.dataType(), x.size(0), x.size(1), inFront, 1);
        return Nd4j.concat(2, zeros, x);
    }

    /** {@code [k, nIn, nOut]}. */
    @Override
    public INDArray byOutput(INDArray w) {
        return w.reshape('c', true, conf.getKernelSize()[0], conf.getNIn(), conf.getNOut());
    }

    @Override
    public INDArray outputFirst(INDArray w) {
        return kernel(w);
    }

    @Override
    public int outputAxisOfWeights() {
        return 2;
    }

    @Override
    public int inputAxisOfWeights() {
        return 1;
    }

    /** The declared axes of the weights are not the ones to split by. */
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
        if (x.rank() != 3 || x.size(channelsLast() ? 2 : 1) != conf.getNIn()) {
            throw new DL4JInvalidInputException(
                    "Expected sequences with "
                            + conf.getNIn()
                            + (channelsLast()
                                    ? " channels, [batch, time, channels], got "
                                    : " channels, [batch, channels, time], got ")
                            + Arrays.toString(x.shape())
                            + "; is a preprocessor missing, or the wrong input type or data format"
                            + " set? "
                            + layerId);
        }
    }

    @Override
    public INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray channelsFirst = channelsLast() ? x.permute(0, 2, 1) : x;
        return mgr.dup(type, channelsFirst, 'c')
                .reshape('c', x.size(0), channelsFirst.size(1), channelsFirst.size(2), 1);
    }

    @Override
    public INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray sequence = y.reshape('c', y.size(0), y.size(1), y.size(2));
        return channelsLast() ? mgr.dup(type, sequence.permute(0, 2, 1), 'c') : sequence;
    }

    @Override
    public void mask(INDArray y, INDArray mask) {
        INDArray columns = y.reshape('c', true, y.size(0), y.size(1), y.size(2));
        INDArray reduced = reduced(mask).castTo(y.dataType());
        Nd4j.getExecutioner().exec(new BroadcastMulOp(columns, reduced, columns, 0, 2));
    }

    @Override
    public Pair<INDArray, MaskState> maskBehind(INDArray mask, MaskState state, int minibatch) {
        return new Pair<>(mask == null ? null : reduced(mask), state);
    }

    /** Deeplearning4j pools a mask into an array of the default type, and from no other. */
    private INDArray reduced(INDArray mask) {
        return ConvolutionUtils.cnn1dMaskReduction(
                mask.castTo(Nd4j.defaultFloatingPointType()),
                conf.getKernelSize()[0],
                conf.getStride()[0],
                conf.getPadding()[0],
                conf.getDilation()[0],
                conf.getConvolutionMode());
    }

    @Override
    public Layer.Type type() {
        return Layer.Type.CONVOLUTIONAL;
    }

    private boolean channelsLast() {
        return conf.getRnnDataFormat() == RNNFormat.NWC;
    }
}
