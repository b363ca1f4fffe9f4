package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A convolution of images or volumes: {@code x [batch, nIn, h, w] * w [nOut, nIn, kH, kW] + b
 * [nOut]}, or with an axis for the depth, by ND4J's native ops. With oneDNN natives the one for
 * images is many times faster than the im2col of the stock layer; {@link ConvolutionPath} says what
 * serves without.
 */
final class ConvolutionOp extends WindowOp {

    private static final int WEIGHTS_OUT_IN_KERNEL = 1;

    private final ConvolutionPath path;

    ConvolutionOp(ConvolutionLayer conf) {
        this(conf, ConvolutionPath.chosen());
    }

    ConvolutionOp(ConvolutionLayer conf, ConvolutionPath path) {
        super(conf);
        this.path = path;
    }

    /** Whether these arrays go through a matrix product. */
    private boolean byGemm(
            boolean backward, INDArray kernel, INDArray z, INDArray x, INDArray... others) {
        return axes() == 2
                && path.prefersGemm(kernel.length(), x.length() + z.length(), backward)
                && GemmConvolution.fits(kernel, z.shape())
                && GemmConvolution.serves(kernel, z, x)
                && GemmConvolution.serves(others);
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
        INDArray kernel = dilated().spread(w);
        INDArray gradKernel = dilated().spreadLike(gradW);
        if (byGemm(true, kernel, epsilon, x, gradX, gradKernel)) {
            new GemmConvolution(x, kernel, epsilon.shape(), window())
                    .backward(x, kernel, epsilon, gradX, gradKernel, gradB);
            dilated().gather(gradKernel, gradW);
            return gradX;
        }
        // oneDNN gets the gradient of the weights wrong where the depth of a volume is padded.
        ExplicitPadding padding = axes() == 2 ? null : explicitPadding(x);
        INDArray input = padding == null ? x : padding.around(x);
        INDArray gradInput = input == x ? gradX : input.ulike();
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder(name() + "_bp");
        if (gradB == null) {
            op.addInputs(input, kernel, epsilon).addOutputs(gradInput, gradKernel);
        } else {
            op.addInputs(input, kernel, b, epsilon).addOutputs(gradInput, gradKernel, gradB);
        }
        int[] window = padding == null ? window() : windowWithoutPadding();
        Nd4j.exec(op.addIntegerArguments(with(WEIGHTS_OUT_IN_KERNEL, window)).build());
        if (padding != null) {
            padding.inside(gradInput, gradX);
        }
        dilated().gather(gradKernel, gradW);
        return gradX;
    }

    private INDArray convolve(INDArray x, INDArray w, INDArray b, INDArray z) {
        INDArray kernel = dilated().spread(w);
        if (byGemm(false, kernel, z, x)) {
            new GemmConvolution(x, kernel, z.shape(), window()).forward(x, kernel, b, z);
            return z;
        }
        DynamicCustomOp.DynamicCustomOpsBuilder op = DynamicCustomOp.builder(name());
        if (b == null) {
            op.addInputs(x, kernel);
        } else {
            op.addInputs(x, kernel, b);
        }
        Nd4j.exec(
                op.addOutputs(z)
                        .addIntegerArguments(with(WEIGHTS_OUT_IN_KERNEL, window()))
                        .build());
        return z;
    }

    private String name() {
        return axes() == 2 ? "conv2d" : "conv3dnew";
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
