package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A 2-D convolution: {@code x [batch, nIn, h, w] * w [nOut, nIn, kH, kW] + b [nOut]}, by ND4J's
 * native {@code conv2d} and {@code conv2d_bp}. With oneDNN natives these are many times faster than
 * the im2col of the stock layer.
 */
final class ConvolutionOp extends ImageOp {

    private static final int WEIGHTS_OUT_IN_H_W = 1;

    ConvolutionOp(ConvolutionLayer conf) {
        super(conf);
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray z = mgr.createUninitialized(type, w.dataType(), convolved(x, w.size(0)), 'c');
        return convolve(x, w, b, z);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        INDArray z = Nd4j.createUninitialized(w.dataType(), convolved(x, w.size(0)));
        return from == 0 && to == w.size(1)
                ? convolve(x, w, null, z)
                : convolve(slice(x, 1, from, to), slice(w, 1, from, to), null, z);
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
        INDArray kernel = dilated().spread(w);
        INDArray gradKernel = dilated().spreadLike(gradW);
        if (gradB == null) {
            op.addInputs(x, kernel, epsilon).addOutputs(gradX, gradKernel);
        } else {
            op.addInputs(x, kernel, b, epsilon).addOutputs(gradX, gradKernel, gradB);
        }
        Nd4j.exec(op.addIntegerArguments(window(WEIGHTS_OUT_IN_H_W)).build());
        dilated().gather(gradKernel, gradW);
        return gradX;
    }

    private INDArray convolve(INDArray x, INDArray w, INDArray b, INDArray z) {
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder("conv2d");
        INDArray kernel = dilated().spread(w);
        if (b == null) {
            op.addInputs(x, kernel);
        } else {
            op.addInputs(x, kernel, b);
        }
        Nd4j.exec(op.addOutputs(z).addIntegerArguments(window(WEIGHTS_OUT_IN_H_W)).build());
        return z;
    }

    @Override
    public int outputAxisOfWeights() {
        return 0;
    }

    @Override
    public int inputAxisOfWeights() {
        return 1;
    }
}
