package io.github.dl4jqat.layers;

import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** {@code x [batch, nIn] * w [nIn, nOut] + b [nOut]}. */
final class DenseOp implements LinearOp {

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray z = mgr.createUninitialized(type, w.dataType(), x.size(0), w.size(1));
        x.mmuli(w, z);
        return b == null ? z : z.addiRowVector(b);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        if (from == 0 && to == w.size(0)) {
            return x.mmul(w);
        }
        INDArray columns = x.get(NDArrayIndex.all(), NDArrayIndex.interval(from, to)).dup();
        INDArray rows = w.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).dup();
        return columns.mmul(rows);
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
        if (gradB != null) {
            epsilon.sum(gradB, 0);
        }
        Nd4j.gemm(x.castTo(gradW.dataType()), epsilon, gradW, true, false, 1.0, 0.0);
        INDArray gradX =
                mgr.createUninitialized(
                        ArrayType.ACTIVATION_GRAD,
                        epsilon.dataType(),
                        new long[] {w.size(0), epsilon.size(0)},
                        'f');
        return w.mmuli(epsilon.transpose(), gradX).transpose();
    }

    @Override
    public int outputAxisOfWeights() {
        return 1;
    }

    @Override
    public int inputAxisOfWeights() {
        return 0;
    }

    @Override
    public int channelAxis() {
        return 1;
    }

    /** A message with both numbers where DL4J would fail somewhere in a matrix product. */
    @Override
    public void requireFitting(INDArray x, INDArray w, String layerId) {
        if (x.rank() != 2 || x.size(1) != w.size(0)) {
            throw new DL4JInvalidInputException(
                    "Expected input of shape [batch, "
                            + w.size(0)
                            + "], got "
                            + java.util.Arrays.toString(x.shape())
                            + "; is a preprocessor missing, or the wrong input type set? "
                            + layerId);
        }
    }

    @Override
    public INDArray arranged(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        return x;
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
