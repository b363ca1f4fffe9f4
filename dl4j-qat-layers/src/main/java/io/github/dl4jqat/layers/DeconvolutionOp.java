package io.github.dl4jqat.layers;

import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A transposed convolution of images or volumes: each input element adds its multiple of the kernel
 * to the output,
 *
 * <pre>
 *   y[n, o, i * sH + u * dH - pH, j * sW + v * dW - pW] += x[n, c, i, j] * w[c, o, u, v]
 * </pre>
 *
 * and likewise with an axis for the depth. By ND4J's native ops. In mode Same the output is {@code
 * h * sH} by {@code w * sW}, and {@code p = (extent - s) / 2}, rounded towards zero; it is negative
 * for a kernel smaller than the stride.
 *
 * <p>Weights: {@code [nIn, nOut, kH, kW]} for images, {@code [kD, kH, kW, nOut, nIn]} for volumes.
 */
final class DeconvolutionOp extends WindowOp {

    private static final int WEIGHTS_IN_OUT_KERNEL = 1;

    DeconvolutionOp(ConvolutionLayer conf) {
        super(conf);
    }

    private boolean volumes() {
        return axes() == 3;
    }

    @Override
    public INDArray apply(
            INDArray x, INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray z = mgr.createUninitialized(type, w.dataType(), outputShape(x, w), 'c');
        return convolve(x, inOutKernel(w), b, z);
    }

    @Override
    public INDArray partial(INDArray x, INDArray w, long from, long to) {
        INDArray z = Nd4j.createUninitialized(w.dataType(), outputShape(x, w));
        INDArray weights = inOutKernel(w);
        return from == 0 && to == weights.size(0)
                ? convolve(x, weights, null, z)
                : convolve(slice(x, 1, from, to), slice(weights, 0, from, to), null, z);
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
        INDArray kernel = dilated().spread(inOutKernel(w));
        INDArray gradKernel = dilated().spreadLike(inOutKernel(gradW));
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
        if (gradKernel.length() != gradW.length()) {
            dilated().gather(gradKernel, inOutKernel(gradW));
        }
        if (gradB != null) {
            int[] places = IntStream.range(1, axes() + 2).toArray();
            places[0] = 0;
            for (int axis = 0; axis < axes(); axis++) {
                places[axis + 1] = axis + 2;
            }
            gradB.assign(epsilon.sum(places).reshape(gradB.shape()));
        }
        return gradX;
    }

    private void backward(
            INDArray x, INDArray kernel, INDArray epsilon, INDArray gradX, INDArray gradKernel) {
        Nd4j.exec(
                DynamicCustomOp.builder(name() + "_bp")
                        .addInputs(x, kernel, epsilon)
                        .addOutputs(gradX, gradKernel)
                        .addIntegerArguments(with(WEIGHTS_IN_OUT_KERNEL, window()))
                        .build());
    }

    private INDArray convolve(INDArray x, INDArray w, INDArray b, INDArray z) {
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder(name());
        INDArray kernel = dilated().spread(w);
        if (b == null) {
            op.addInputs(x, kernel);
        } else {
            op.addInputs(x, kernel, b);
        }
        Nd4j.exec(
                op.addOutputs(z)
                        .addIntegerArguments(with(WEIGHTS_IN_OUT_KERNEL, window()))
                        .build());
        return z;
    }

    private String name() {
        return volumes() ? "deconv3d" : "deconv2d";
    }

    /** {@code [nIn, nOut, kernel]}: a view. */
    private INDArray inOutKernel(INDArray w) {
        return volumes() ? w.permute(4, 3, 0, 1, 2) : w;
    }

    private boolean smallerThanStride() {
        return same() && IntStream.range(0, axes()).anyMatch(a -> extent(a) < stride(a));
    }

    private static INDArray inDouble(INDArray array) {
        return array.castTo(DataType.DOUBLE);
    }

    private long[] outputShape(INDArray x, INDArray w) {
        long[] shape = x.shape().clone();
        shape[1] = w.size(outputAxisOfWeights());
        for (int axis = 0; axis < axes(); axis++) {
            long size = shape[axis + 2];
            shape[axis + 2] =
                    same()
                            ? size * stride(axis)
                            : stride(axis) * (size - 1) + extent(axis) - 2L * padding(axis);
        }
        return shape;
    }

    @Override
    public int outputAxisOfWeights() {
        return volumes() ? 3 : 1;
    }

    @Override
    public int inputAxisOfWeights() {
        return volumes() ? 4 : 0;
    }

    @Override
    public INDArray outputFirst(INDArray w) {
        return volumes() ? w.permute(3, 4, 0, 1, 2).dup('c') : w.permute(1, 0, 2, 3).dup('c');
    }
}
