package io.github.dl4jqat.layers;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One factor and one shift for each column, {@code x [batch, n] * w [n] + b [n]}. Deeplearning4j
 * has the weights as {@code [1, n]} in a new network and as {@code [n]} in a loaded one.
 */
final class ElementWiseOp implements LinearOp {

    private final long columns;
    private final ChannelScaleOp scale;

    ElementWiseOp(long columns) {
        this.columns = columns;
        scale = new ChannelScaleOp(columns, CNN2DFormat.NCHW);
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        return scale.apply(x, w, b, type, mgr);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        return scale.partial(x, w, from, to);
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
        return scale.backward(x, w, b, epsilon, gradW, gradB, mgr);
    }

    /** {@code [n, 1]}. */
    @Override
    public INDArray byOutput(INDArray w) {
        return w.reshape('c', true, columns, 1);
    }

    @Override
    public INDArray outputFirst(INDArray w) {
        return byOutput(w).dup('c');
    }

    @Override
    public int outputAxisOfWeights() {
        return 0;
    }

    @Override
    public int inputAxisOfWeights() {
        return 0;
    }

    /** Each sum has one product. */
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
        if (x.rank() != 2 || x.size(1) != columns) {
            throw new DL4JInvalidInputException(
                    "Expected input of shape [batch, "
                            + columns
                            + "], got "
                            + Arrays.toString(x.shape())
                            + "; is a preprocessor missing, or the wrong input type set? "
                            + layerId);
        }
    }

    @Override
    public INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        return scale.arranged(x, type, mgr);
    }

    @Override
    public INDArray inDataFormat(INDArray y, ArrayType type, LayerWorkspaceMgr mgr) {
        return y;
    }

    @Override
    public void mask(INDArray y, INDArray mask) {
        y.muliColumnVector(mask.castTo(y.dataType()));
    }

    @Override
    public boolean masksInNetworks() {
        return true;
    }

    @Override
    public Layer.Type type() {
        return Layer.Type.FEED_FORWARD;
    }
}
