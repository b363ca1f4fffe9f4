package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.layers.QuantizedWeightLayer;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;

/** Every kind of convolution gives the integers of its integer form, whatever its window. */
class ConvolutionExactnessTest {

    private static final List<Activation> FUNCTIONS =
            List.of(
                    Activation.IDENTITY,
                    Activation.RELU,
                    Activation.RELU6,
                    Activation.TANH,
                    Activation.SWISH,
                    Activation.LEAKYRELU);

    /** What is drawn for a network; the same for the same seed. */
    private static final class Draw {
        final Random random;
        final DataType type;
        final ConvolutionMode mode;
        final boolean channelsLast;
        final int[] stride;
        final int[] dilation;
        final int[] padding;
        final Activation function;
        final boolean bias;
        final QatConfig config;
        final String what;

        Draw(long seed) {
            random = new Random(seed);
            type = random.nextInt(4) == 0 ? DataType.DOUBLE : DataType.FLOAT;
            mode = random.nextBoolean() ? ConvolutionMode.Same : ConvolutionMode.Truncate;
            channelsLast = random.nextInt(3) == 0;
            boolean dilated = random.nextInt(3) == 0;
            stride = dilated ? new int[] {1, 1} : pair(2);
            // The stock layer that is prepared fails at dilation with oneDNN natives; its
            // quantized twin does not, and only that one is run here.
            dilation = dilated ? pair(2) : new int[] {1, 1};
            padding = mode == ConvolutionMode.Same ? new int[2] : new int[] {1, 0};
            function = FUNCTIONS.get(random.nextInt(FUNCTIONS.size()));
            bias = random.nextBoolean();
            int weightBits = 2 + random.nextInt(7);
            int activationBits = 3 + random.nextInt(6);
            boolean perTensor = random.nextInt(3) == 0;
            Requantization requantization =
                    random.nextBoolean() ? Requantization.FLOAT : Requantization.FIXED_POINT;
            config =
                    QatConfig.builder()
                            .weightQuant(
                                    perTensor
                                            ? Quantizers.intPerTensor(weightBits)
                                            : Quantizers.intPerChannel(weightBits))
                            .activationBits(activationBits)
                            .requantization(requantization)
                            .strict(true)
                            .build();
            what =
                    String.format(
                            "seed %d: %s %s last %b stride %s dilation %s %s bias %b w%d a%d"
                                    + " perTensor %b %s",
                            seed,
                            type,
                            mode,
                            channelsLast,
                            List.of(stride[0], stride[1]),
                            List.of(dilation[0], dilation[1]),
                            function,
                            bias,
                            weightBits,
                            activationBits,
                            perTensor,
                            requantization);
        }

        private int[] pair(int bound) {
            return new int[] {1 + random.nextInt(bound), 1 + random.nextInt(bound)};
        }

        CNN2DFormat format() {
            return channelsLast ? CNN2DFormat.NHWC : CNN2DFormat.NCHW;
        }

        <B extends ConvolutionLayer.BaseConvBuilder<B>> B image(B builder) {
            return builder.stride(stride)
                    .padding(padding)
                    .dilation(dilation)
                    .convolutionMode(mode)
                    .hasBias(bias)
                    .activation(function);
        }

        ConvolutionLayer first() {
            return new ConvolutionLayer.Builder(2, 2)
                    .nOut(3)
                    .dataFormat(format())
                    .activation(Activation.RELU)
                    .build();
        }

        List<Layer> followed(Layer subject) {
            List<Layer> layers = new ArrayList<>(List.of(first(), subject));
            if (function == Activation.IDENTITY) {
                layers.add(new BatchNormalization());
            }
            layers.add(new GlobalPoolingLayer(PoolingType.AVG));
            return layers;
        }

        void assertExact(InputType input, List<Layer> layers) {
            MultiLayerNetwork qat =
                    Exactness.assertExact(
                            what,
                            Exactness.network(1, type, input, layers),
                            config,
                            Exactness.data(random, type, input));
            assertThat(qat.getLayer(1)).as(what).isInstanceOf(QuantizedWeightLayer.class);
        }

        void assertImagesExact(Layer subject) {
            assertExact(InputType.convolutional(8, 7, 2, format()), followed(subject));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void depthwiseConvolutions_areExact(long seed) {
        Draw draw = new Draw(seed);
        draw.assertImagesExact(
                draw.image(new DepthwiseConvolution2D.Builder(3, 2))
                        .depthMultiplier(1 + draw.random.nextInt(3))
                        .dataFormat(draw.format())
                        .build());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void separableConvolutions_areExact(long seed) {
        Draw draw = new Draw(seed);
        draw.assertImagesExact(
                draw.image(new SeparableConvolution2D.Builder(3, 2))
                        .nOut(4)
                        .depthMultiplier(1 + draw.random.nextInt(2))
                        .dataFormat(draw.format())
                        .build());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void transposedConvolutions_areExact(long seed) {
        Draw draw = new Draw(seed);
        draw.assertImagesExact(
                draw.image(new Deconvolution2D.Builder(1 + draw.random.nextInt(3), 2))
                        .nOut(4)
                        .dataFormat(draw.format())
                        .build());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void sequenceConvolutions_areExact(long seed) {
        Draw draw = new Draw(seed);
        RNNFormat format = draw.channelsLast ? RNNFormat.NWC : RNNFormat.NCW;
        ConvolutionMode mode = seed % 3 == 0 ? ConvolutionMode.Causal : draw.mode;
        Layer first =
                new Convolution1DLayer.Builder(1)
                        .nOut(3)
                        .rnnDataFormat(format)
                        .activation(Activation.RELU)
                        .build();
        Layer subject =
                new Convolution1DLayer.Builder(3, draw.stride[0], draw.padding[0])
                        .nOut(4)
                        .rnnDataFormat(format)
                        .dilation(draw.dilation[0])
                        .convolutionMode(mode)
                        .hasBias(draw.bias)
                        .activation(draw.function)
                        .build();
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
        pool.setPoolingDimensions(new int[] {draw.channelsLast ? 1 : 2});
        draw.assertExact(InputType.recurrent(2, 9, format), List.of(first, subject, pool));
    }

    private static void assertVolumesExact(Draw draw, Layer subject) {
        Convolution3D.DataFormat format = volumeFormat(draw);
        Layer first =
                new Convolution3D.Builder(1, 1, 1)
                        .nOut(2)
                        .dataFormat(format)
                        .activation(Activation.RELU)
                        .build();
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
        pool.setPoolingDimensions(draw.channelsLast ? new int[] {1, 2, 3} : new int[] {2, 3, 4});
        draw.assertExact(
                InputType.convolutional3D(format, 5, 4, 6, 2), List.of(first, subject, pool));
    }

    private static Convolution3D.DataFormat volumeFormat(Draw draw) {
        return draw.channelsLast ? Convolution3D.DataFormat.NDHWC : Convolution3D.DataFormat.NCDHW;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void volumeConvolutions_areExact(long seed) {
        Draw draw = new Draw(seed);
        assertVolumesExact(
                draw,
                new Convolution3D.Builder(2, 3, 2)
                        .stride(draw.stride[0], 1, draw.stride[1])
                        .dilation(draw.dilation[0], 1, draw.dilation[1])
                        .padding(draw.padding[0], 0, 0)
                        .nOut(3)
                        .convolutionMode(draw.mode)
                        .dataFormat(volumeFormat(draw))
                        .hasBias(draw.bias)
                        .activation(draw.function)
                        .build());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void transposedVolumeConvolutions_areExact(long seed) {
        Draw draw = new Draw(seed);
        assertVolumesExact(
                draw,
                new Deconvolution3D.Builder()
                        .kernelSize(2, 1, 3)
                        .stride(draw.stride[0], 2, draw.stride[1])
                        .dilation(draw.dilation[0], 1, draw.dilation[1])
                        .padding(draw.padding[0], 0, 0)
                        .nOut(3)
                        .convolutionMode(draw.mode)
                        .dataFormat(volumeFormat(draw))
                        .hasBias(draw.bias)
                        .activation(draw.function)
                        .build());
    }
}
