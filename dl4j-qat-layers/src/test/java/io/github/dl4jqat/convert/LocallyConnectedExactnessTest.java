package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.LayerRule;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Locally connected layers, from the stock network to both engines and back. */
@ExtendWith(Seeds.class)
class LocallyConnectedExactnessTest {

    private static final InputType IMAGE = InputType.convolutional(5, 6, 2);
    private static final InputType SEQUENCE = InputType.recurrent(3, 7);

    private static void assertExact(
            String what, Random random, InputType input, List<Layer> layers) {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            for (Requantization mode : Requantization.values()) {
                QatConfig config = QatConfig.builder().strict(true).requantization(mode).build();
                Exactness.assertExact(
                        what + " " + type + " " + mode,
                        Exactness.network(3, type, input, layers),
                        config,
                        Exactness.data(random, type, input));
            }
        }
    }

    private static LocallyConnected2D.Builder image() {
        return new LocallyConnected2D.Builder().nOut(4).activation(Activation.RELU);
    }

    @ParameterizedTest
    @CsvSource({
        "Same, 3, 2, 1, 1, 0",
        "Same, 2, 3, 2, 2, 0",
        "Same, 1, 1, 2, 2, 0",
        "Truncate, 3, 2, 2, 1, 1"
    })
    void images_areExact(
            ConvolutionMode mode,
            int height,
            int width,
            int down,
            int across,
            int padding,
            Random random) {
        assertExact(
                mode + " " + height + " x " + width,
                random,
                IMAGE,
                List.of(
                        image().kernelSize(height, width)
                                .stride(down, across)
                                .padding(padding, padding)
                                .convolutionMode(mode)
                                .build()));
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void imagesBetweenConvolutions_areExact(CNN2DFormat format, Random random) {
        assertExact(
                "between " + format,
                random,
                InputType.convolutional(5, 6, 2, format),
                List.of(
                        new ConvolutionLayer.Builder(1, 1)
                                .nOut(3)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build(),
                        image().kernelSize(2, 2)
                                .dataFormat(format)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .activation(Activation.SIGMOID)
                                .hasBias(false)
                                .build(),
                        new ConvolutionLayer.Builder(2, 2)
                                .nOut(2)
                                .dataFormat(format)
                                .activation(Activation.RELU)
                                .build()));
    }

    @ParameterizedTest
    @CsvSource({"Same, 3, 1, 0", "Truncate, 2, 2, 1"})
    void sequences_areExact(
            ConvolutionMode mode, int kernel, int stride, int padding, Random random) {
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
        pool.setPoolingDimensions(new int[] {2});
        assertExact(
                mode + " " + kernel,
                random,
                SEQUENCE,
                List.of(
                        new Convolution1DLayer.Builder(1).nOut(3).build(),
                        new LocallyConnected1D.Builder()
                                .kernelSize(kernel)
                                .stride(stride)
                                .padding(padding)
                                .convolutionMode(mode)
                                .nOut(4)
                                .activation(Activation.TANH)
                                .build(),
                        pool));
    }

    @Test
    void graphs_areExactAndSurviveSaving(Random random) throws IOException {
        ComputationGraph net =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(7)
                                .updater(new Adam(1e-2))
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer("local", image().kernelSize(2, 2).build(), "in")
                                .addLayer(
                                        "again",
                                        image().kernelSize(1, 3).hasBias(false).build(),
                                        "local")
                                .addVertex("sum", new ElementWiseVertex(Op.Add), "local", "again")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nOut(Exactness.CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "sum")
                                .setOutputs("out")
                                .setInputTypes(IMAGE)
                                .build());
        net.init();
        DataSetIterator data = Exactness.data(random, DataType.FLOAT, IMAGE);
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        ComputationGraph saved = (ComputationGraph) Nets.saved(qat);
        data.reset();
        INDArray x = data.next().getFeatures();
        assertThat(saved.outputSingle(x)).isEqualTo(qat.outputSingle(x));
        for (EngineChoice engine : List.of(EngineChoice.JAVA, EngineChoice.ONNX_RUNTIME)) {
            try (IntegerNetwork integer = Qat.convert(saved).withEngine(engine)) {
                VerificationReport report = Qat.verify(saved, integer, data);
                assertThat(report.exact()).as("%s %s", engine, report).isTrue();
            }
        }
        assertThat(Qat.strip(saved).getLayer("again").conf().getLayer().getClass())
                .isEqualTo(LocallyConnected2D.class);
    }

    @Test
    void fourBitsAndOneScaleForAll_areExact(Random random) {
        QatConfig config =
                QatConfig.builder()
                        .weightQuant(Quantizers.intPerTensor(4))
                        .activationQuant(Quantizers.uint4PerTensor())
                        .layer("layer0", LayerRule.weightBits(3))
                        .build();
        Exactness.assertExact(
                "4 bits",
                Exactness.network(
                        5,
                        DataType.FLOAT,
                        IMAGE,
                        List.of(image().kernelSize(2, 2).build(), image().build())),
                config,
                Exactness.data(random, DataType.FLOAT, IMAGE));
    }

    @Test
    void strippedNetworks_areStockAndComputeTheSame(Random random) {
        MultiLayerNetwork net =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        IMAGE,
                        List.of(image().kernelSize(2, 2).activation(Activation.TANH).build()));
        DataSetIterator data = Exactness.data(random, DataType.FLOAT, IMAGE);
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        MultiLayerNetwork stock = Qat.strip(qat);
        assertThat(stock.getLayer(0).conf().getLayer().getClass())
                .isEqualTo(LocallyConnected2D.class);
        INDArray trained = net.getLayer(0).getParam("W");
        INDArray rounded = stock.getLayer(0).getParam("W");
        double step = trained.amaxNumber().doubleValue() / 127;
        assertThat(rounded.sub(trained).amaxNumber().doubleValue()).isBetween(1e-9, step);
        data.reset();
        INDArray x = data.next().getFeatures();
        assertThat(stock.output(x).sub(qat.output(x)).amaxNumber().doubleValue()).isLessThan(0.05);
    }

    @Test
    void dilationsAndSoftmaxes_stayFloatWithTheReason() {
        MultiLayerNetwork net =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        IMAGE,
                        List.of(
                                image().kernelSize(2, 2)
                                        .dilation(2, 2)
                                        .convolutionMode(ConvolutionMode.Truncate)
                                        .build()));
        assertThat(Qat.plan(net, QatConfig.int8()).toString()).contains("use dilation 1");
        MultiLayerNetwork ends =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        IMAGE,
                        List.of(image().kernelSize(2, 2).activation(Activation.SOFTMAX).build()));
        assertThat(Qat.plan(ends, QatConfig.int8()).toString()).contains("is not elementwise");
    }
}
