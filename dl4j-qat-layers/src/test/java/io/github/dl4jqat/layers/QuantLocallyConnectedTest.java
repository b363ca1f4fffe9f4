package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.layers.Nets.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;

class QuantLocallyConnectedTest {

    /** What the layers of both ranks have in common. */
    abstract static class Contract extends QuantLayerContractTest {

        @Override
        boolean hasWeights() {
            return true;
        }

        /** The stock layer applies neither. */
        @Override
        boolean takesDropout() {
            return false;
        }

        @Override
        boolean foldsBatchNorm() {
            return false;
        }

        /** The stock layer is a SameDiff graph. */
        @Override
        boolean sameOpsAsStock() {
            return false;
        }

        /** What the stock layer gives as gradients is tested below. */
        @Override
        boolean isTrained(String key) {
            return key.startsWith("4_") || key.startsWith("out_");
        }

        /** Its report is empty. */
        @Override
        boolean stockReportsMemory() {
            return false;
        }

        /** The gradients that are true when checked numerically are these. */
        @Test
        void gradientsOfTheStockGraph_areTwiceThose() {
            Model off = offNet(Kind.GRAPH, settings(DataType.DOUBLE, new NoOp()));
            Model stock = stockNet(Kind.GRAPH, settings(DataType.DOUBLE, new NoOp()));
            off.params().assign(stock.params());
            DataSet data = batch(6, DataType.DOUBLE);
            Nets.fit(off, data);
            Nets.fit(stock, data);
            for (String key : List.of("front_W", "front_b", "subject_W")) {
                INDArray twice = stock.gradient().getGradientFor(key);
                INDArray once = off.gradient().getGradientFor(key);
                assertThat(twice.amaxNumber().doubleValue()).as(key).isGreaterThan(1e-4);
                assertThat(twice.sub(once.mul(2)).amaxNumber().doubleValue())
                        .as(key)
                        .isLessThan(1e-10);
            }
        }

        /** The stock layer cannot be asked for the names of its weights before it has a size. */
        @Test
        @Override
        void constraints_holdTheWeights_andLeaveRangesAlone() {
            Model net = net(Kind.MULTI_LAYER, settings(), quantization());
            org.deeplearning4j.nn.api.Layer layer = Nets.layer(net, "subject");
            MaxNormConstraint constraint = new MaxNormConstraint(0.01, 1);
            constraint.setParams(Set.of("W"));
            layer.conf().getLayer().setConstraints(List.of(constraint));
            Nets.fit(net, batch(6));
            assertThat(layer.getParam("W").norm2(1).maxNumber().doubleValue())
                    .isBetween(0.005, 0.0101);
            assertThat(layer.getParam("outputRange").getDouble(2)).isPositive();
        }

        @Override
        List<Layer> end() {
            GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
            pool.setLayerName("pool");
            pool.setPoolingDimensions(spatialAxes());
            return List.of(
                    pool,
                    new OutputLayer.Builder()
                            .name("out")
                            .nOut(CLASSES)
                            .activation(Activation.SOFTMAX)
                            .build());
        }

        abstract int[] spatialAxes();
    }

    @Nested
    class ChannelsFirst extends Contract {

        @Override
        InputType inputType() {
            return InputType.convolutional(4, 5, 2);
        }

        @Override
        Layer front() {
            return imageFront(CNN2DFormat.NCHW);
        }

        @Override
        int[] spatialAxes() {
            return new int[] {2, 3};
        }

        @Override
        Layer stock() {
            return new LocallyConnected2D.Builder()
                    .kernelSize(3, 2)
                    .nOut(4)
                    .convolutionMode(ConvolutionMode.Same)
                    .activation(Activation.SIGMOID)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantLocallyConnected2D.of((LocallyConnected2D) stock(), quantization);
        }
    }

    @Nested
    class ChannelsLastPadded extends Contract {

        @Override
        InputType inputType() {
            return InputType.convolutional(4, 5, 2, CNN2DFormat.NHWC);
        }

        @Override
        Layer front() {
            return imageFront(CNN2DFormat.NHWC);
        }

        @Override
        int[] spatialAxes() {
            return new int[] {1, 2};
        }

        @Override
        Layer stock() {
            return new LocallyConnected2D.Builder()
                    .kernelSize(2, 3)
                    .stride(1, 2)
                    .padding(1, 0)
                    .nOut(3)
                    .dataFormat(CNN2DFormat.NHWC)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .hasBias(false)
                    .activation(Activation.TANH)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantLocallyConnected2D.of((LocallyConnected2D) stock(), quantization);
        }
    }

    @Nested
    class Sequences extends Contract {

        @Override
        InputType inputType() {
            return InputType.recurrent(2, 6, RNNFormat.NCW);
        }

        @Override
        Layer front() {
            return new Convolution1DLayer.Builder(1)
                    .name("front")
                    .nOut(3)
                    .activation(Activation.TANH)
                    .build();
        }

        @Override
        int[] spatialAxes() {
            return new int[] {2};
        }

        @Override
        Layer stock() {
            return new LocallyConnected1D.Builder()
                    .kernelSize(2)
                    .stride(2)
                    .padding(1)
                    .nOut(4)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .activation(Activation.TANH)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantLocallyConnected1D.of((LocallyConnected1D) stock(), quantization);
        }
    }

    private static Model images(InputType input, LocallyConnected2D stock) {
        stock.setLayerName("subject");
        Layer twin = QuantLocallyConnected2D.of(stock, LayerQuantization.OFF);
        OutputLayer end = new OutputLayer.Builder().name("out").nOut(2).build();
        return Nets.chain(
                Kind.MULTI_LAYER, new NeuralNetConfiguration.Builder(), input, List.of(twin, end));
    }

    @ParameterizedTest
    @CsvSource({
        "Same, 3, 2, 1, 1, 0",
        "Same, 2, 2, 2, 3, 0",
        "Same, 1, 1, 2, 2, 0",
        "Strict, 2, 3, 1, 1, 0",
        "Truncate, 2, 3, 2, 2, 1",
        "Truncate, 5, 6, 1, 1, 0"
    })
    void offTwins_computeWhatTheStockLayerDoes(
            ConvolutionMode mode, int height, int width, int down, int across, int padding) {
        InputType input = InputType.convolutional(5, 6, 2);
        List<Model> nets = new ArrayList<>();
        for (boolean quantized : new boolean[] {false, true}) {
            LocallyConnected2D stock =
                    new LocallyConnected2D.Builder()
                            .kernelSize(height, width)
                            .stride(down, across)
                            .padding(padding, padding)
                            .nOut(3)
                            .convolutionMode(mode)
                            .activation(Activation.LEAKYRELU)
                            .build();
            stock.setLayerName("subject");
            nets.add(
                    Nets.chain(
                            Kind.MULTI_LAYER,
                            new NeuralNetConfiguration.Builder().seed(11),
                            input,
                            List.of(
                                    quantized
                                            ? QuantLocallyConnected2D.of(
                                                    stock, LayerQuantization.OFF)
                                            : stock,
                                    new OutputLayer.Builder().name("out").nOut(2).build())));
        }
        nets.get(1).params().assign(nets.get(0).params());
        INDArray x = Nets.random(new Random(5), DataType.FLOAT, 3, 2, 5, 6);
        INDArray expected = Nets.feedForward(nets.get(0), x, false).get("subject");
        INDArray actual = Nets.feedForward(nets.get(1), x, false).get("subject");
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(expected.amaxNumber().doubleValue()).isGreaterThan(0.1);
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-5);
    }

    /** Two rows of three windows: the order of the windows is not that of the output. */
    @Test
    void positionsOfAnOblongOutput_readTheWindowsOfTheStockLayer() {
        Model net =
                images(
                        InputType.convolutional(2, 3, 1),
                        new LocallyConnected2D.Builder()
                                .kernelSize(1, 1)
                                .nOut(1)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .activation(Activation.IDENTITY)
                                .build());
        org.deeplearning4j.nn.api.Layer layer = Nets.layer(net, "subject");
        layer.getParam("W").assign(Nd4j.createFromArray(1f, 1, 1, 1, 1, 10).reshape(6, 1, 1));
        layer.getParam("b").assign(0.5);
        INDArray x = Nd4j.createFromArray(1f, 2, 3, 4, 5, 6).reshape(1, 1, 2, 3);
        INDArray y = Nets.feedForward(net, x, false).get("subject");
        assertThat(y.dup('c').data().asFloat())
                .containsExactly(1.5f, 4.5f, 2.5f, 5.5f, 3.5f, 60.5f);
    }

    @Test
    void leakyReLU_isThatOfTheStockLayersGraph() {
        assertThat(QuantizedLocalConfiguration.function(Activation.LEAKYRELU))
                .isInstanceOf(ActivationReLU.class);
        assertThat(QuantizedLocalConfiguration.function(Activation.ELU))
                .isEqualTo(Activation.ELU.getActivationFunction());
    }

    @Test
    void otherImageSize_isRefused() {
        Model net =
                images(
                        InputType.convolutional(4, 4, 1),
                        new LocallyConnected2D.Builder().kernelSize(2, 2).nOut(2).build());
        INDArray x = Nd4j.zeros(DataType.FLOAT, 1, 1, 4, 5);
        assertThatThrownBy(() -> Nets.output(net, x))
                .isInstanceOf(DL4JInvalidInputException.class)
                .hasMessageContaining("[1, 1, 4, 4]")
                .hasMessageContaining("[1, 1, 4, 5]");
    }

    @Test
    void dilationAndFolding_areRefused() {
        LocallyConnected2D dilated =
                new LocallyConnected2D.Builder().kernelSize(2, 2).dilation(2, 2).nOut(2).build();
        assertThatThrownBy(() -> images(InputType.convolutional(5, 5, 1), dilated))
                .hasStackTraceContaining("dilation 1");
        LayerQuantization folded =
                LayerQuantization.OFF.withBatchNorm(
                        FoldedBatchNorm.of(
                                new org.deeplearning4j.nn.conf.layers.BatchNormalization()));
        LocallyConnected1D sequence = new LocallyConnected1D.Builder().nOut(2).build();
        assertThatThrownBy(() -> QuantLocallyConnected1D.of(sequence, folded))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("A locally connected layer with the folded");
    }
}
