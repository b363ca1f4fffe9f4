package io.github.dl4jqat.layers;

import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code h' = Q(f(Q(x W + b + h R)))}. */
final class SimpleRnnPass extends RecurrentPass {

    SimpleRnnPass(Setting setting, INDArray x, double[] keep) {
        super(setting, x, keep);
    }

    @Override
    void stepForward(int t) {
        activate(t, 0, setting.activation());
        System.arraycopy(a, gateAt(t, 0), hRaw, t * block, block);
        emit(t);
    }

    @Override
    void stepBackward(int t, double[] dz, double[] dh) {
        absorb(t, dh);
        System.arraycopy(dh, t * block, dz, gateAt(t, 0), block);
        deactivate(t, 0, setting.activation(), dz);
    }
}
