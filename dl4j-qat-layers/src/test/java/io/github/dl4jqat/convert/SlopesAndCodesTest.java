package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.distribution.UniformDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInitDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** Learned slopes, the encoding half of an autoencoder and repeated vectors, on both engines. */
@ExtendWith(Seeds.class)
class SlopesAndCodesTest {

    private static final int HEIGHT = 4;
    private static final int WIDTH = 5;
    private static final int CHANNELS = 3;

    private static PReLULayer slopes(long[] shape, long... shared) {
        PReLULayer.Builder builder = new PReLULayer.Builder().inputShape(shape);
        builder.setWeightInitFn(new WeightInitDistribution(new UniformDistribution(-0.2, 0.6)));
        return (shared.length == 0 ? builder : builder.sharedAxes(shared)).build();
    }

    private static void assertExact(
            String what, Random random, InputType input, List<Layer> layers) {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            for (Requantization mode : Requantization.values()) {
                MultiLayerNetwork net = Exactness.network(3, type, input, layers);
                QatConfig config = QatConfig.builder().strict(true).requantization(mode).build();
                Exactness.assertExact(
                        what + " " + type + " " + mode,
                        net,
                        config,
                        Exactness.data(random, type, input));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void slopesOfColumns_areExact(boolean oneForAll, Random random) {
        assertExact(
                "columns",
                random,
                InputType.feedForward(7),
                List.of(
                        new DenseLayer.Builder().nOut(6).build(),
                        oneForAll ? slopes(new long[] {6}, 1) : slopes(new long[] {6}),
                        new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build()));
    }

    private static void assertImagesExact(CNN2DFormat format, Random random, PReLULayer slopes) {
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
        pool.setPoolingDimensions(format == CNN2DFormat.NCHW ? new int[] {2, 3} : new int[] {1, 2});
        assertExact(
                "images " + format + " " + slopes,
                random,
                InputType.convolutional(HEIGHT, WIDTH, 2, format),
                List.of(
                        new ConvolutionLayer.Builder(1, 1)
                                .nOut(CHANNELS)
                                .dataFormat(format)
                                .build(),
                        slopes,
                        pool));
    }

    @Test
    void slopesOfChannels_areExact(Random random) {
        assertImagesExact(
                CNN2DFormat.NCHW, random, slopes(new long[] {CHANNELS, HEIGHT, WIDTH}, 2, 3));
    }

    @Test
    void slopesOfChannelsThatAreLast_areExact(Random random) {
        assertImagesExact(
                CNN2DFormat.NHWC, random, slopes(new long[] {HEIGHT, WIDTH, CHANNELS}, 1, 2));
    }

    @Test
    void slopesOfRows_areExact(Random random) {
        assertImagesExact(
                CNN2DFormat.NHWC, random, slopes(new long[] {HEIGHT, WIDTH, CHANNELS}, 2, 3));
    }

    @Test
    void slopesOfSinglePixels_areExact(Random random) {
        assertImagesExact(CNN2DFormat.NCHW, random, slopes(new long[] {CHANNELS, HEIGHT, WIDTH}));
    }

    @Test
    void encodingHalves_areExact(Random random) {
        assertExact(
                "autoencoder",
                random,
                InputType.feedForward(7),
                List.of(
                        new AutoEncoder.Builder().nOut(6).activation(Activation.SIGMOID).build(),
                        new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build()));
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void repeatedVectors_areExact(RNNFormat format, Random random) {
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.MAX);
        pool.setPoolingDimensions(new int[] {format == RNNFormat.NCW ? 2 : 1});
        RepeatVector repeated = new RepeatVector.Builder<>().repetitionFactor(4).build();
        repeated.setDataFormat(format);
        assertExact(
                "repeated " + format,
                random,
                InputType.feedForward(7),
                List.of(
                        new DenseLayer.Builder().nOut(5).activation(Activation.TANH).build(),
                        repeated,
                        new Convolution1DLayer.Builder(2)
                                .nOut(3)
                                .rnnDataFormat(format)
                                .activation(Activation.RELU)
                                .build(),
                        pool));
    }

    @Test
    void strippedNetworks_areStock(Random random) {
        InputType input = InputType.feedForward(7);
        MultiLayerNetwork net =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        input,
                        List.of(
                                new AutoEncoder.Builder()
                                        .nOut(6)
                                        .activation(Activation.TANH)
                                        .build(),
                                slopes(new long[] {6})));
        DataSetIterator data = Exactness.data(random, DataType.FLOAT, input);
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        MultiLayerNetwork stock = Qat.strip(qat);
        assertThat(stock.getLayer(0).conf().getLayer().getClass()).isEqualTo(AutoEncoder.class);
        assertThat(stock.getLayer(1).conf().getLayer().getClass()).isEqualTo(PReLULayer.class);
        assertThat(stock.getLayer(1).getParam("W")).isEqualTo(net.getLayer(1).getParam("W"));
        assertThat(stock.getLayer(0).getParam("vb")).isEqualTo(net.getLayer(0).getParam("vb"));
    }
}
