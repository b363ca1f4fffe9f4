package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Convolution3D.DataFormat;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Volumes that are pooled, moved and reshaped, on both engines. */
@ExtendWith(Seeds.class)
class VolumeExactnessTest {

    private static final QatConfig CONFIG = QatConfig.builder().strict(true).build();

    private static Layer conv(DataFormat format, Activation f) {
        return new Convolution3D.Builder(1, 1, 1).nOut(3).dataFormat(format).activation(f).build();
    }

    private static Layer mean(DataFormat format) {
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
        pool.setPoolingDimensions(
                format == DataFormat.NCDHW ? new int[] {2, 3, 4} : new int[] {1, 2, 3});
        return pool;
    }

    private static InputType volumes(DataFormat format) {
        return InputType.convolutional3D(format, 5, 4, 6, 2);
    }

    private static void assertExact(
            String what, Random random, QatConfig config, DataFormat format, Layer... subjects) {
        List<Layer> layers = new ArrayList<>(List.of(conv(format, Activation.TANH)));
        layers.addAll(List.of(subjects));
        layers.add(mean(format));
        InputType input = volumes(format);
        MultiLayerNetwork net = Exactness.network(7, DataType.FLOAT, input, layers);
        Exactness.assertExact(what, net, config, Exactness.data(random, DataType.FLOAT, input));
    }

    private static int[] triple(Random random, int bound) {
        return new int[] {
            1 + random.nextInt(bound), 1 + random.nextInt(bound), 1 + random.nextInt(bound)
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
    void poolings_areExact(long seed) {
        Random random = new Random(seed);
        DataFormat format = random.nextInt(3) == 0 ? DataFormat.NDHWC : DataFormat.NCDHW;
        int[] kernel = triple(random, 3);
        int[] stride = triple(random, 2);
        ConvolutionMode mode =
                random.nextBoolean() ? ConvolutionMode.Same : ConvolutionMode.Truncate;
        int[] padding = new int[3];
        for (int i = 0; mode == ConvolutionMode.Truncate && i < 3; i++) {
            padding[i] = random.nextInt(kernel[i]);
        }
        boolean max = random.nextInt(4) == 0;
        Requantization requantization =
                random.nextBoolean() ? Requantization.FLOAT : Requantization.FIXED_POINT;
        Layer pool =
                new Subsampling3DLayer.Builder(
                                max
                                        ? Subsampling3DLayer.PoolingType.MAX
                                        : Subsampling3DLayer.PoolingType.AVG)
                        .kernelSize(kernel)
                        .stride(stride)
                        .padding(padding)
                        .convolutionMode(mode)
                        .dataFormat(format)
                        .build();
        assertExact(
                "seed " + seed + " " + pool,
                random,
                QatConfig.builder().strict(true).requantization(requantization).build(),
                format,
                pool);
    }

    @Test
    void movedElements_areExact(Random random) {
        assertExact(
                "padded, cropped, repeated",
                random,
                CONFIG,
                DataFormat.NCDHW,
                new ZeroPadding3DLayer.Builder(1, 0, 2, 1, 0, 1).build(),
                new Cropping3D(0, 2, 1, 0, 1, 2),
                new Upsampling3D.Builder(2).build());
    }

    @Test
    void elementsRepeatedWithChannelsLast_areExact(Random random) {
        assertExact(
                "repeated",
                random,
                CONFIG,
                DataFormat.NDHWC,
                new Upsampling3D.Builder(2).dataFormat(DataFormat.NDHWC).build());
    }

    @ParameterizedTest
    @EnumSource(DataFormat.class)
    void flattenedVolumes_areExact(DataFormat format, Random random) {
        InputType input = volumes(format);
        MultiLayerNetwork net =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        input,
                        List.of(
                                conv(format, Activation.RELU),
                                new DenseLayer.Builder()
                                        .nOut(4)
                                        .activation(Activation.RELU)
                                        .build()));
        // The one that Deeplearning4j puts there takes every volume for one with channels last.
        net.getLayerWiseConfigurations()
                .getInputPreProcessors()
                .put(1, new Cnn3DToFeedForwardPreProcessor(5, 4, 6, 3, format == DataFormat.NCDHW));
        Exactness.assertExact(
                "flattened " + format, net, CONFIG, Exactness.data(random, DataType.FLOAT, input));
    }

    @ParameterizedTest
    @EnumSource(DataFormat.class)
    void vectorsReadAsVolumes_areExact(DataFormat format, Random random) {
        InputType input = InputType.feedForward(3 * 2 * 4 * 2);
        MultiLayerNetwork net =
                Exactness.network(
                        5,
                        DataType.FLOAT,
                        volumes(format),
                        List.of(conv(format, Activation.RELU), mean(format)));
        net.getLayerWiseConfigurations()
                .getInputPreProcessors()
                .put(0, new FeedForwardToCnn3DPreProcessor(3, 2, 4, 2, format == DataFormat.NCDHW));
        Exactness.assertExact(
                "vectors " + format, net, CONFIG, Exactness.data(random, DataType.FLOAT, input));
    }

    @ParameterizedTest
    @EnumSource(DataFormat.class)
    void networksThatEndInVolumes_areExact(DataFormat format, Random random) {
        InputType input = volumes(format);
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(2)
                                .list()
                                .layer(conv(format, Activation.RELU))
                                .layer(conv(format, Activation.IDENTITY))
                                .layer(
                                        new Cnn3DLossLayer.Builder(format)
                                                .lossFunction(LossFunction.XENT)
                                                .activation(Activation.SIGMOID)
                                                .build())
                                .setInputType(input)
                                .build());
        net.init();
        long[] shape = input.getShape(true);
        shape[0] = 4;
        INDArray x = Nets.random(random, DataType.FLOAT, shape);
        INDArray y = net.output(x).gt(0.5).castTo(DataType.FLOAT);
        DataSetIterator data = new ExistingDataSetIterator(List.of(new DataSet(x, y)));
        MultiLayerNetwork qat = Qat.prepare(net, CONFIG);
        Qat.calibrate(qat, data, 1);
        Exactness.assertExact("ends in volumes " + format, qat, data);
    }

    private static void assertRefused(String message, DataFormat format, Layer subject) {
        List<Layer> layers = List.of(conv(format, Activation.RELU), subject, mean(format));
        MultiLayerNetwork net = Exactness.network(7, DataType.FLOAT, volumes(format), layers);
        DataSetIterator data = Exactness.data(new Random(1), DataType.FLOAT, volumes(format));
        MultiLayerNetwork qat = Qat.prepare(net, CONFIG);
        Qat.calibrate(qat, data, 1);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining(message);
    }

    @Test
    void croppingOfVolumesWithChannelsLast_isRefused() {
        assertRefused("use NCDHW", DataFormat.NDHWC, new Cropping3D(1, 1, 0));
    }

    @Test
    void dilatedPooling_isRefused() {
        assertRefused(
                "use dilation 1",
                DataFormat.NCDHW,
                new Subsampling3DLayer.Builder(Subsampling3DLayer.PoolingType.MAX)
                        .kernelSize(2, 2, 2)
                        .stride(1, 1, 1)
                        .dilation(2, 1, 1)
                        .build());
    }

    @Test
    void windowsThatSkipTheFirstElements_areRefused() {
        assertRefused(
                "use mode Truncate",
                DataFormat.NCDHW,
                new Subsampling3DLayer.Builder(Subsampling3DLayer.PoolingType.MAX)
                        .kernelSize(1, 1, 1)
                        .stride(1, 1, 3)
                        .convolutionMode(ConvolutionMode.Same)
                        .build());
    }
}
