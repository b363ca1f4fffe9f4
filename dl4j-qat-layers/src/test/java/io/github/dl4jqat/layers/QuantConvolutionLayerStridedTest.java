package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.Activation;

class QuantConvolutionLayerStridedTest extends QuantLayerContractTest {

    @Override
    InputType inputType() {
        return InputType.convolutional(7, 7, 2, CNN2DFormat.NCHW);
    }

    @Override
    Layer front() {
        return imageFront(CNN2DFormat.NCHW);
    }

    @Override
    boolean sameOpsAsStock() {
        // The stock layer unfolds the image and multiplies matrices.
        return false;
    }

    @Override
    Layer stock() {
        return new ConvolutionLayer.Builder(3, 3)
                .nOut(4)
                .stride(2, 2)
                .dilation(1, 1)
                .hasBias(true)
                .convolutionMode(ConvolutionMode.Truncate)
                .dataFormat(CNN2DFormat.NCHW)
                .activation(Activation.TANH)
                .build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return new QuantConvolutionLayer.Builder(3, 3)
                .nOut(4)
                .stride(2, 2)
                .dilation(1, 1)
                .hasBias(true)
                .convolutionMode(ConvolutionMode.Truncate)
                .dataFormat(CNN2DFormat.NCHW)
                .activation(Activation.TANH)
                .quantization(quantization)
                .build();
    }
}
