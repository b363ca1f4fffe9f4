package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A depthwise convolution: {@code x [batch, nIn, h, w] * w [kH, kW, nIn, m] + b [nIn * m]}, where
 * output channel {@code c * m + i} sees input channel {@code c} alone. By ND4J's native {@code
 * depthwise_conv2d} and {@code depthwise_conv2d_bp}.
 */
final class DepthwiseOp extends WindowOp {

    DepthwiseOp(ConvolutionLayer conf) {
        super(conf);
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray z = mgr.createUninitialized(type, w.dataType(), convolved(x, outputs(w)), 'c');
        return convolve(x, w, b, z);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        return convolve(
                x, w, null, Nd4j.createUninitialized(w.dataType(), convolved(x, outputs(w))));
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
        INDArray kernel = spread(w);
        INDArray gradKernel = kernel == w ? gradW : kernel.ulike();
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder(name(w) + "_bp");
        if (gradB == null) {
            op.addInputs(x, kernel, epsilon).addOutputs(gradX, gradKernel);
        } else {
            op.addInputs(x, kernel, b, epsilon).addOutputs(gradX, gradKernel, gradB);
        }
        Nd4j.exec(op.addIntegerArguments(window()).build());
        if (gradKernel != gradW) {
            dilated().gather(kernelLast(gradKernel).dup('c'), kernelLast(gradW));
        }
        return gradX;
    }

    private INDArray convolve(INDArray x, INDArray w, INDArray b, INDArray z) {
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder(name(w));
        INDArray kernel = spread(w);
        if (b == null) {
            op.addInputs(x, kernel);
        } else {
            op.addInputs(x, kernel, b);
        }
        Nd4j.exec(op.addOutputs(z).addIntegerArguments(window()).build());
        return z;
    }

    /**
     * With one input channel a depthwise convolution is an ordinary one, on the same weights; and
     * for a single weight the native gradient of the depthwise op fails.
     */
    private static String name(INDArray w) {
        return w.size(2) == 1 ? "conv2d" : "depthwise_conv2d";
    }

    private INDArray spread(INDArray w) {
        INDArray last = kernelLast(w);
        INDArray spread = dilated().spread(last);
        return spread == last ? w : kernelLast(spread).dup('c');
    }

    /** {@code [kH, kW, nIn, m]} as {@code [nIn, m, kH, kW]}, and back: a view. */
    private static INDArray kernelLast(INDArray w) {
        return w.permute(2, 3, 0, 1);
    }

    private static long outputs(INDArray w) {
        return w.size(2) * w.size(3);
    }

    /** The last axis of {@link #byOutput}. */
    @Override
    public int outputAxisOfWeights() {
        return 2;
    }

    @Override
    public int inputAxisOfWeights() {
        return 2;
    }

    /** Each sum is over one input channel, so there is nothing to split. */
    @Override
    public boolean splits() {
        return false;
    }

    @Override
    public INDArray byOutput(INDArray w) {
        return w.reshape('c', true, w.size(0), w.size(1), outputs(w));
    }

    @Override
    public INDArray outputFirst(INDArray w) {
        return byOutput(w).permute(2, 0, 1).dup('c');
    }
}
