package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.junit.jupiter.api.Nested;
import org.nd4j.linalg.activations.Activation;

class QuantDeconvolution2DTest {

    @Nested
    class Padded extends QuantLayerContractTest {

        @Override
        InputType inputType() {
            return InputType.convolutional(4, 3, 2);
        }

        @Override
        Layer front() {
            return imageFront(CNN2DFormat.NCHW);
        }

        @Override
        boolean sameOpsAsStock() {
            // The same kernels, but over weights in another order.
            return false;
        }

        @Override
        Layer stock() {
            return new Deconvolution2D.Builder(3, 2)
                    .nOut(4)
                    .stride(2, 1)
                    .padding(1, 0)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .activation(Activation.SWISH)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return new QuantDeconvolution2D.Builder(3, 2)
                    .nOut(4)
                    .stride(2, 1)
                    .padding(1, 0)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .activation(Activation.SWISH)
                    .quantization(quantization)
                    .build();
        }
    }

    @Nested
    class SameChannelsLast extends QuantLayerContractTest {

        @Override
        InputType inputType() {
            return InputType.convolutional(3, 4, 2, CNN2DFormat.NHWC);
        }

        @Override
        Layer front() {
            return imageFront(CNN2DFormat.NHWC);
        }

        @Override
        boolean sameOpsAsStock() {
            // The stock layer computes channels last.
            return false;
        }

        @Override
        Layer stock() {
            return new Deconvolution2D.Builder(3, 3)
                    .nOut(3)
                    .stride(2, 2)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Same)
                    .dataFormat(CNN2DFormat.NHWC)
                    .activation(Activation.RELU)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return new QuantDeconvolution2D.Builder(3, 3)
                    .nOut(3)
                    .stride(2, 2)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Same)
                    .dataFormat(CNN2DFormat.NHWC)
                    .activation(Activation.RELU)
                    .quantization(quantization)
                    .build();
        }
    }

    @Nested
    class Folded extends Padded {

        @Override
        LayerQuantization quantization() {
            return super.quantization()
                    .withBatchNorm(new FoldedBatchNorm("norm", 1e-5, 0.9, true, false, 1, 0));
        }
    }
}
