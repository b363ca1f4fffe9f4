package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class QuantConvolution1DLayerTest {

    private static Layer front(RNNFormat format) {
        return new Convolution1DLayer.Builder(1)
                .name("front")
                .nOut(3)
                .rnnDataFormat(format)
                .activation(Activation.TANH)
                .build();
    }

    private static List<Layer> end(int timeAxis) {
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
        pool.setPoolingDimensions(new int[] {timeAxis});
        pool.setLayerName("pool");
        return List.of(
                pool,
                new OutputLayer.Builder()
                        .name("out")
                        .nOut(QuantLayerContractTest.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build());
    }

    @Nested
    class Causal extends QuantLayerContractTest {

        @Override
        InputType inputType() {
            return InputType.recurrent(2, 7);
        }

        @Override
        Layer front() {
            return QuantConvolution1DLayerTest.front(RNNFormat.NCW);
        }

        @Override
        List<Layer> end() {
            return QuantConvolution1DLayerTest.end(2);
        }

        @Override
        boolean sameOpsAsStock() {
            return false;
        }

        @Override
        boolean stockReportsMemory() {
            return false;
        }

        @Override
        Layer stock() {
            return new Convolution1DLayer.Builder(3)
                    .nOut(4)
                    .dilation(2)
                    .convolutionMode(ConvolutionMode.Causal)
                    .activation(Activation.SWISH)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return new QuantConvolution1DLayer.Builder(3)
                    .nOut(4)
                    .dilation(2)
                    .convolutionMode(ConvolutionMode.Causal)
                    .activation(Activation.SWISH)
                    .quantization(quantization)
                    .build();
        }
    }

    @Nested
    class StridedAndPadded extends QuantLayerContractTest {

        @Override
        InputType inputType() {
            return InputType.recurrent(2, 8);
        }

        @Override
        Layer front() {
            return QuantConvolution1DLayerTest.front(RNNFormat.NCW);
        }

        @Override
        List<Layer> end() {
            return QuantConvolution1DLayerTest.end(2);
        }

        @Override
        boolean sameOpsAsStock() {
            return false;
        }

        @Override
        boolean stockReportsMemory() {
            return false;
        }

        @Override
        Layer stock() {
            return new Convolution1DLayer.Builder(3)
                    .nOut(4)
                    .stride(2)
                    .padding(1)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .activation(Activation.RELU)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return new QuantConvolution1DLayer.Builder(3)
                    .nOut(4)
                    .stride(2)
                    .padding(1)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .activation(Activation.RELU)
                    .quantization(quantization)
                    .build();
        }
    }

    @Nested
    class Folded extends Causal {

        @Override
        LayerQuantization quantization() {
            return super.quantization()
                    .withBatchNorm(new FoldedBatchNorm("norm", 1e-5, 0.9, true, false, 1, 0));
        }
    }

    private static MultiLayerNetwork net(RNNFormat format, Layer subject) {
        return net(format, DataType.DOUBLE, subject);
    }

    private static MultiLayerNetwork net(RNNFormat format, DataType type, Layer subject) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .dataType(type)
                                .updater(new NoOp())
                                .list()
                                .layer(subject)
                                .layer(
                                        new RnnOutputLayer.Builder(LossFunction.MSE)
                                                .nOut(2)
                                                .dataFormat(format)
                                                .activation(Activation.TANH)
                                                .build())
                                .setInputType(InputType.recurrent(3, 6, format))
                                .build());
        net.init();
        return net;
    }

    private static QuantConvolution1DLayer.Builder same(RNNFormat format) {
        return new QuantConvolution1DLayer.Builder(3)
                .nOut(4)
                .rnnDataFormat(format)
                .convolutionMode(ConvolutionMode.Same)
                .activation(Activation.TANH);
    }

    private static INDArray turned(INDArray sequences) {
        return sequences.permute(0, 2, 1).dup('c');
    }

    /** The stock layer has wrong gradients in NWC, so its twin is compared with itself in NCW. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void channelsLast_computesWhatChannelsFirstDoes(boolean quantized) {
        LayerQuantization q =
                quantized
                        ? LayerQuantization.int8()
                                .withInput(
                                        TensorQuantization.activation(Quantizers.uint8PerTensor()))
                        : LayerQuantization.OFF;
        MultiLayerNetwork first = net(RNNFormat.NCW, same(RNNFormat.NCW).quantization(q).build());
        MultiLayerNetwork last = net(RNNFormat.NWC, same(RNNFormat.NWC).quantization(q).build());
        last.params().assign(first.params());
        Random random = new Random(8);
        INDArray x = Nets.random(random, DataType.DOUBLE, 2, 3, 6);
        INDArray y = Nets.random(random, DataType.DOUBLE, 2, 2, 6);
        first.fit(x.dup(), y.dup());
        last.fit(turned(x), turned(y));
        assertThat(last.params()).isEqualTo(first.params());
        assertThat(turned(last.output(turned(x))).sub(first.output(x)).amaxNumber().doubleValue())
                .isLessThan(1e-12);
        assertThat(last.gradient().gradient().sub(first.gradient().gradient()).amaxNumber())
                .satisfies(d -> assertThat(d.doubleValue()).isLessThan(1e-12));
    }

    @Test
    void channelsLast_seesWhatTheStockLayerSees() {
        Layer stock =
                new Convolution1DLayer.Builder(3)
                        .nOut(4)
                        .rnnDataFormat(RNNFormat.NWC)
                        .convolutionMode(ConvolutionMode.Same)
                        .activation(Activation.TANH)
                        .build();
        MultiLayerNetwork off =
                net(RNNFormat.NWC, same(RNNFormat.NWC).quantization(LayerQuantization.OFF).build());
        MultiLayerNetwork expected = net(RNNFormat.NWC, stock);
        off.params().assign(expected.params());
        INDArray x = Nets.random(new Random(9), DataType.DOUBLE, 2, 6, 3);
        INDArray difference = off.feedForward(x).get(1).sub(expected.feedForward(x).get(1));
        assertThat(difference.amaxNumber().doubleValue()).isLessThan(1e-12);
    }

    @Test
    void maskedSteps_areZero_andGetNoGradient() {
        for (int stride = 1; stride <= 2; stride++) {
            Layer stock =
                    new Convolution1DLayer.Builder(2, stride)
                            .nOut(4)
                            .convolutionMode(ConvolutionMode.Truncate)
                            .activation(Activation.SIGMOID)
                            .build();
            Layer twin =
                    QuantConvolution1DLayer.of(
                            (Convolution1DLayer) stock.clone(), LayerQuantization.OFF);
            MultiLayerNetwork expected = net(RNNFormat.NCW, DataType.FLOAT, stock);
            MultiLayerNetwork off = net(RNNFormat.NCW, DataType.FLOAT, twin);
            off.params().assign(expected.params());
            INDArray x = Nets.random(new Random(9), DataType.FLOAT, 2, 3, 6);
            INDArray mask =
                    Nd4j.createFromArray(new float[][] {{1, 1, 1, 0, 0, 0}, {1, 1, 1, 1, 1, 0}});
            int steps = (6 - 2) / stride + 1;
            for (MultiLayerNetwork net : List.of(off, expected)) {
                net.getLayer(0).setMaskArray(mask);
                net.getLayer(0).setInput(x.dup(), LayerWorkspaceMgr.noWorkspaces());
            }
            INDArray y = off.getLayer(0).activate(true, LayerWorkspaceMgr.noWorkspaces());
            INDArray stocks = expected.getLayer(0).activate(true, LayerWorkspaceMgr.noWorkspaces());
            assertThat(y.sub(stocks).amaxNumber().doubleValue()).isLessThan(1e-6);
            assertThat(y.getDouble(0, 0, steps - 1)).isZero();
            assertThat(y.getDouble(1, 0, 0)).isNotZero();
            INDArray epsilon = Nets.random(new Random(10), DataType.FLOAT, 2, 4, steps);
            off.getLayer(0)
                    .setBackpropGradientsViewArray(
                            Nd4j.zeros(DataType.FLOAT, off.getLayer(0).numParams()));
            INDArray dx =
                    off.getLayer(0)
                            .backpropGradient(epsilon, LayerWorkspaceMgr.noWorkspaces())
                            .getSecond();
            assertThat(dx.getDouble(0, 0, 5)).isZero();
            assertThat(dx.getDouble(1, 0, 0)).isNotZero();
            assertThat(dx.getDouble(1, 1, 3)).isNotZero();
        }
    }

    @Test
    void maskOfANetworksData_isHandedOnAsTheStockLayerDoes() {
        Layer stock =
                new Convolution1DLayer.Builder(2, 2)
                        .nOut(4)
                        .convolutionMode(ConvolutionMode.Truncate)
                        .activation(Activation.SIGMOID)
                        .build();
        Layer twin =
                QuantConvolution1DLayer.of(
                        (Convolution1DLayer) stock.clone(), LayerQuantization.OFF);
        MultiLayerNetwork expected = net(RNNFormat.NCW, stock);
        MultiLayerNetwork off = net(RNNFormat.NCW, twin);
        off.params().assign(expected.params());
        INDArray x = Nets.random(new Random(9), DataType.DOUBLE, 2, 3, 6);
        INDArray mask =
                Nd4j.createFromArray(new float[][] {{1, 1, 1, 0, 0, 0}, {1, 1, 1, 1, 1, 0}});
        INDArray labels = Nets.random(new Random(10), DataType.DOUBLE, 2, 2, 3);
        for (MultiLayerNetwork net : List.of(off, expected)) {
            net.fit(new DataSet(x.dup(), labels.dup(), mask.dup(), null));
        }
        assertThat(off.score()).isCloseTo(expected.score(), Offset.offset(1e-12));
        INDArray difference = off.gradient().gradient().sub(expected.gradient().gradient());
        assertThat(difference.amaxNumber().doubleValue()).isLessThan(1e-12);
    }
}
