package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.ConvolutionUtils;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A transposed convolution: each input element adds its multiple of the kernel to the output,
 *
 * <pre>
 *   y[n, o, i * sH + u * dH - pH, j * sW + v * dW - pW] += x[n, c, i, j] * w[c, o, u, v]
 * </pre>
 *
 * with {@code w [nIn, nOut, kH, kW]}. By ND4J's native {@code deconv2d} and {@code deconv2d_bp}. In
 * mode Same the output is {@code h * sH} by {@code w * sW}, and {@code p = (extent - s) / 2},
 * rounded towards zero; it is negative for a kernel smaller than the stride.
 */
final class DeconvolutionOp extends ImageOp {

    private static final int WEIGHTS_IN_OUT_H_W = 1;

    DeconvolutionOp(ConvolutionLayer conf) {
        super(conf);
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray z = mgr.createUninitialized(type, w.dataType(), outputShape(x, w), 'c');
        return convolve(x, w, b, z);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        INDArray z = Nd4j.createUninitialized(w.dataType(), outputShape(x, w));
        return from == 0 && to == w.size(0)
                ? convolve(x, w, null, z)
                : convolve(slice(x, 1, from, to), slice(w, 0, from, to), null, z);
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
        INDArray kernel = dilated().spread(w);
        INDArray gradKernel = dilated().spreadLike(gradW);
        if (smallerThanStride() && epsilon.dataType() != DataType.DOUBLE) {
            // oneDNN fails at negative padding. It does not take doubles, and what does, does not.
            INDArray dx = Nd4j.createUninitialized(DataType.DOUBLE, gradX.shape());
            INDArray dw = Nd4j.createUninitialized(DataType.DOUBLE, gradKernel.shape());
            backward(inDouble(x), inDouble(kernel), inDouble(epsilon), dx, dw);
            gradX.assign(dx);
            gradKernel.assign(dw);
        } else {
            backward(x, kernel, epsilon, gradX, gradKernel);
        }
        dilated().gather(gradKernel, gradW);
        if (gradB != null) {
            gradB.assign(epsilon.sum(0, 2, 3).reshape(gradB.shape()));
        }
        return gradX;
    }

    private void backward(
            INDArray x, INDArray kernel, INDArray epsilon, INDArray gradX, INDArray gradKernel) {
        Nd4j.exec(
                DynamicCustomOp.builder("deconv2d_bp")
                        .addInputs(x, kernel, epsilon)
                        .addOutputs(gradX, gradKernel)
                        .addIntegerArguments(window(WEIGHTS_IN_OUT_H_W))
                        .build());
    }

    private INDArray convolve(INDArray x, INDArray w, INDArray b, INDArray z) {
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder("deconv2d");
        INDArray kernel = dilated().spread(w);
        if (b == null) {
            op.addInputs(x, kernel);
        } else {
            op.addInputs(x, kernel, b);
        }
        Nd4j.exec(op.addOutputs(z).addIntegerArguments(window(WEIGHTS_IN_OUT_H_W)).build());
        return z;
    }

    private boolean smallerThanStride() {
        int[] k = conf().getKernelSize();
        int[] s = conf().getStride();
        return same() && (dilated().extent(0, k[0]) < s[0] || dilated().extent(1, k[1]) < s[1]);
    }

    private static INDArray inDouble(INDArray array) {
        return array.castTo(DataType.DOUBLE);
    }

    private long[] outputShape(INDArray x, INDArray w) {
        int[] size =
                ConvolutionUtils.getDeconvolutionOutputSize(
                        x,
                        conf().getKernelSize(),
                        conf().getStride(),
                        same() ? null : conf().getPadding(),
                        conf().getConvolutionMode(),
                        conf().getDilation(),
                        CNN2DFormat.NCHW);
        return new long[] {x.size(0), w.size(1), size[0], size[1]};
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
    public INDArray outputFirst(INDArray w) {
        return w.permute(1, 0, 2, 3).dup('c');
    }
}
