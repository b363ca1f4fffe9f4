package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.inputs.InvalidInputTypeException;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Squeeze and excite: a factor for each channel, worked out from the means of all channels, times
 * the feature map. The product repeats the factor over the pixels, which Deeplearning4j does in
 * graphs without declared input types; training, both engines and the converter have to agree on
 * it.
 */
class ChannelAttentionTest {

    private static final int CHANNELS = 6;
    private static final int SQUEEZED = 3;
    private static final int CLASSES = 4;
    private static final int SIZE = 5;
    private static final int EXAMPLES = 4;

    private final Random random = new Random(31);

    private static GraphBuilder features(CNN2DFormat format) {
        return new NeuralNetConfiguration.Builder()
                .seed(4)
                .updater(new Adam(1e-2))
                .convolutionMode(ConvolutionMode.Same)
                .graphBuilder()
                .addInputs("in")
                .addLayer("features", conv(3, 3, CHANNELS, Activation.TANH, format), "in");
    }

    private static ConvolutionLayer conv(
            int kernel, int in, int out, Activation f, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(kernel, kernel)
                .nIn(in)
                .nOut(out)
                .activation(f)
                .dataFormat(format)
                .build();
    }

    private static GraphBuilder gateOfDenseLayers(Activation f, CNN2DFormat format) {
        return features(format)
                .addLayer(
                        "mean",
                        new GlobalPoolingLayer.Builder(PoolingType.AVG)
                                .poolingDimensions(pixels(format))
                                .build(),
                        "features")
                .addLayer(
                        "squeeze",
                        new DenseLayer.Builder()
                                .nIn(CHANNELS)
                                .nOut(SQUEEZED)
                                .activation(Activation.RELU)
                                .build(),
                        "mean")
                .addLayer(
                        "excite",
                        new DenseLayer.Builder().nIn(SQUEEZED).nOut(CHANNELS).activation(f).build(),
                        "squeeze")
                .addVertex(
                        "gate",
                        format == CNN2DFormat.NCHW
                                ? new ReshapeVertex(-1, CHANNELS, 1, 1)
                                : new ReshapeVertex(-1, 1, 1, CHANNELS),
                        "excite");
    }

    private static int[] pixels(CNN2DFormat format) {
        return format == CNN2DFormat.NCHW ? new int[] {2, 3} : new int[] {1, 2};
    }

    private static GraphBuilder gateOfConvolutions() {
        CNN2DFormat format = CNN2DFormat.NCHW;
        return features(format)
                .addLayer(
                        "mean",
                        new GlobalPoolingLayer.Builder(PoolingType.AVG)
                                .collapseDimensions(false)
                                .build(),
                        "features")
                .addLayer("squeeze", conv(1, CHANNELS, SQUEEZED, Activation.RELU, format), "mean")
                .addLayer(
                        "gate", conv(1, SQUEEZED, CHANNELS, Activation.SIGMOID, format), "squeeze");
    }

    private static GraphBuilder product(GraphBuilder b, String one, String other) {
        return b.addVertex("product", new ElementWiseVertex(Op.Product), one, other);
    }

    private static ComputationGraph ended(GraphBuilder b, CNN2DFormat format) {
        ComputationGraph net =
                new ComputationGraph(
                        b.addLayer(
                                        "after",
                                        conv(3, CHANNELS, 5, Activation.RELU, format),
                                        "product")
                                .addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.MAX)
                                                .poolingDimensions(pixels(format))
                                                .build(),
                                        "after")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nIn(5)
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "pool")
                                .setOutputs("out")
                                .build());
        net.init();
        return net;
    }

    private ListDataSetIterator<DataSet> images(CNN2DFormat format) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            INDArray x =
                    format == CNN2DFormat.NCHW
                            ? Nd4j.create(EXAMPLES, 3, SIZE, SIZE + 1)
                            : Nd4j.create(EXAMPLES, SIZE, SIZE + 1, 3);
            for (long j = 0; j < x.length(); j++) {
                x.putScalar(j, random.nextGaussian());
            }
            INDArray y = Nd4j.zeros(EXAMPLES, CLASSES);
            for (int j = 0; j < EXAMPLES; j++) {
                y.putScalar(j, random.nextInt(CLASSES), 1);
            }
            batches.add(new DataSet(x, y));
        }
        return new ListDataSetIterator<>(batches, 1);
    }

    private void assertExact(ComputationGraph net) {
        assertThat(Qat.plan(net, QatConfig.int8()).entries())
                .noneMatch(e -> e.outcome() == PreparationPlan.Outcome.FLOAT);
        ComputationGraph prepared = Qat.prepare(net, QatConfig.int8());
        ListDataSetIterator<DataSet> data = images(CNN2DFormat.NCHW);
        Qat.calibrate(prepared, data, 3);
        data.reset();
        prepared.fit(data);
        try (IntegerNetwork integer = Qat.convert(prepared);
                IntegerNetwork java = integer.withEngine(EngineChoice.JAVA);
                IntegerNetwork ort = integer.withEngine(EngineChoice.ONNX_RUNTIME)) {
            VerificationReport report = Qat.verify(prepared, integer, data);
            assertThat(report.exact()).as(report.toString()).isTrue();
            assertThat(report.layers())
                    .extracting(VerificationReport.LayerDifference::layer)
                    .anyMatch(name -> name.startsWith("product"));
            INDArray x = data.next().getFeatures();
            assertThat(ort.output(x)).isEqualTo(java.output(x));
            // The gate has an effect: other factors give another product.
            INDArray moved = x.dup().addi(1.5);
            assertThat(java.output(moved)).isNotEqualTo(java.output(x));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SIGMOID", "HARDSIGMOID", "RELU", "IDENTITY"})
    void gateOfDenseLayers_isExact(Activation f) {
        GraphBuilder b = product(gateOfDenseLayers(f, CNN2DFormat.NCHW), "features", "gate");
        assertExact(ended(b, CNN2DFormat.NCHW));
    }

    @Test
    void gateAsTheFirstFactor_isExact() {
        GraphBuilder b =
                product(
                        gateOfDenseLayers(Activation.SIGMOID, CNN2DFormat.NCHW),
                        "gate",
                        "features");
        assertExact(ended(b, CNN2DFormat.NCHW));
    }

    @ParameterizedTest
    @CsvSource({"features, gate", "gate, features"})
    void gateOfConvolutions_isExact(String one, String other) {
        GraphBuilder b = product(gateOfConvolutions(), one, other);
        assertExact(ended(b, CNN2DFormat.NCHW));
    }

    /** A reshape vertex does not know where channels are; so this is an error, not a guess. */
    @Test
    void imagesWithTheirChannelsLast_areRefusedByTheConverter() {
        CNN2DFormat format = CNN2DFormat.NHWC;
        GraphBuilder b = product(gateOfDenseLayers(Activation.SIGMOID, format), "features", "gate");
        ComputationGraph prepared = Qat.prepare(ended(b, format), QatConfig.int8());
        ListDataSetIterator<DataSet> data = images(format);
        Qat.calibrate(prepared, data, 3);
        assertThatThrownBy(() -> Qat.convert(prepared))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'product'")
                .hasMessageContaining("channels in different places; use one data format");
    }

    /** Why the graphs above declare no input types. */
    @Test
    void withInputTypes_deeplearning4jRefusesTheProduct() {
        GraphBuilder b =
                product(gateOfDenseLayers(Activation.SIGMOID, CNN2DFormat.NCHW), "features", "gate")
                        .setOutputs("product")
                        .setInputTypes(InputType.convolutional(SIZE, SIZE + 1, 3));
        assertThatThrownBy(b::build)
                .isInstanceOf(InvalidInputTypeException.class)
                .hasMessageContaining("of different sizes");
    }
}
