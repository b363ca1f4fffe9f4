package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;

/** {@link QuantConvolution3D} and {@link QuantDeconvolution3D}. */
class QuantVolumeLayersTest {

    private abstract static class Volumes extends QuantLayerContractTest {

        abstract Convolution3D.DataFormat format();

        @Override
        InputType inputType() {
            return InputType.convolutional3D(format(), 3, 4, 3, 2);
        }

        @Override
        Layer front() {
            return new Convolution3D.Builder(1, 1, 1)
                    .name("front")
                    .nOut(2)
                    .dataFormat(format())
                    .activation(Activation.TANH)
                    .build();
        }

        @Override
        List<Layer> end() {
            GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
            pool.setLayerName("pool");
            pool.setPoolingDimensions(
                    format() == Convolution3D.DataFormat.NCDHW
                            ? new int[] {2, 3, 4}
                            : new int[] {1, 2, 3});
            return List.of(
                    pool,
                    new OutputLayer.Builder()
                            .name("out")
                            .nOut(CLASSES)
                            .activation(Activation.SOFTMAX)
                            .build());
        }

        @Override
        boolean stockReportsMemory() {
            return false;
        }

        @Override
        boolean sameOpsAsStock() {
            // The stock layers hand their weights over in another order.
            return false;
        }
    }

    @Nested
    class Padded extends Volumes {

        @Override
        Convolution3D.DataFormat format() {
            return Convolution3D.DataFormat.NCDHW;
        }

        @Override
        Layer stock() {
            return new Convolution3D.Builder(new int[] {2, 3, 2}, new int[] {1, 2, 1})
                    .padding(1, 1, 0)
                    .nOut(3)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .dataFormat(format())
                    .activation(Activation.SWISH)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantConvolution3D.of((Convolution3D) stock(), quantization);
        }
    }

    @Nested
    class SameChannelsLast extends Volumes {

        @Override
        Convolution3D.DataFormat format() {
            return Convolution3D.DataFormat.NDHWC;
        }

        @Override
        Layer stock() {
            return new Convolution3D.Builder(2, 2, 3)
                    .nOut(3)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Same)
                    .dataFormat(format())
                    .activation(Activation.RELU)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantConvolution3D.of((Convolution3D) stock(), quantization);
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

    @Nested
    class Transposed extends Volumes {

        @Override
        Convolution3D.DataFormat format() {
            return Convolution3D.DataFormat.NCDHW;
        }

        @Override
        Layer stock() {
            return new Deconvolution3D.Builder()
                    .kernelSize(2, 3, 2)
                    .stride(1, 2, 1)
                    .padding(0, 1, 0)
                    .nOut(3)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .dataFormat(format())
                    .activation(Activation.SWISH)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantDeconvolution3D.of((Deconvolution3D) stock(), quantization);
        }
    }

    @Nested
    class TransposedSameChannelsLast extends Volumes {

        @Override
        Convolution3D.DataFormat format() {
            return Convolution3D.DataFormat.NDHWC;
        }

        @Override
        Layer stock() {
            return new Deconvolution3D.Builder()
                    .kernelSize(2, 2, 3)
                    .stride(2, 1, 1)
                    .nOut(3)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Same)
                    .dataFormat(format())
                    .activation(Activation.RELU)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantDeconvolution3D.of((Deconvolution3D) stock(), quantization);
        }
    }

    @Nested
    class Averages extends Volumes {

        @Override
        Convolution3D.DataFormat format() {
            return Convolution3D.DataFormat.NCDHW;
        }

        @Override
        Subsampling3DLayer stock() {
            return new Subsampling3DLayer.Builder(Subsampling3DLayer.PoolingType.AVG)
                    .kernelSize(2, 3, 2)
                    .stride(1, 2, 1)
                    .padding(1, 1, 0)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantSubsampling3DLayer.of(stock(), quantization);
        }

        @Override
        boolean sameOpsAsStock() {
            return true;
        }
    }

    @Test
    void maximaNeedNoQuantizer() {
        Subsampling3DLayer stock =
                new Subsampling3DLayer.Builder(Subsampling3DLayer.PoolingType.MAX)
                        .kernelSize(2, 2, 2)
                        .stride(1, 1, 1)
                        .build();
        assertThatThrownBy(() -> QuantSubsampling3DLayer.of(stock, LayerQuantization.OFF))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("use the stock layer");
    }
}
