package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
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
}
