package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PoolHelperVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Graphs with vertices: prepared, calibrated, trained a little and converted, the integer network
 * must give the quantized network's integers in every layer, and both engines the same.
 */
class GraphExactnessTest {

    private static final int SIZE = 8;
    private static final int CLASSES = 4;
    private final Random random = new Random(77);

    private static ComputationGraphConfiguration.GraphBuilder graph(DataType type) {
        return new NeuralNetConfiguration.Builder()
                .seed(12)
                .dataType(type)
                .updater(new Adam(1e-3))
                .weightInit(WeightInit.RELU)
                .convolutionMode(ConvolutionMode.Same)
                .graphBuilder()
                .addInputs("in");
    }

    private static ConvolutionLayer conv(int n, Activation f) {
        return conv(n, f, CNN2DFormat.NCHW);
    }

    private static ConvolutionLayer conv(int n, Activation f, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(3, 3).nOut(n).dataFormat(format).activation(f).build();
    }

    private static ComputationGraph ended(
            ComputationGraphConfiguration.GraphBuilder b, String last, InputType input) {
        ComputationGraph net =
                new ComputationGraph(
                        b.addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                                        last)
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "pool")
                                .setOutputs("out")
                                .setInputTypes(input)
                                .build());
        net.init();
        return net;
    }

    private static ComputationGraph ended(
            ComputationGraphConfiguration.GraphBuilder b, String last) {
        return ended(b, last, InputType.convolutional(SIZE, SIZE, 3));
    }

    private DataSetIterator images(long... shape) {
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            INDArray x = Nd4j.create(DataType.FLOAT, shape);
            INDArray y = Nd4j.zeros(shape[0], CLASSES);
            for (long j = 0; j < x.length(); j++) {
                x.putScalar(j, random.nextGaussian());
            }
            for (int j = 0; j < shape[0]; j++) {
                y.putScalar(j, random.nextInt(CLASSES), 1);
            }
            all.add(new DataSet(x, y));
        }
        return new ListDataSetIterator<>(all, (int) shape[0]);
    }

    private void assertExact(ComputationGraph net, QatConfig config) {
        assertExact(net, config, images(5, 3, SIZE, SIZE));
    }

    private void assertExact(ComputationGraph net, QatConfig config, DataSetIterator data) {
        ComputationGraph prepared = Qat.prepare(net, config);
        Qat.calibrate(prepared, data, 3);
        data.reset();
        prepared.fit(data);
        try (IntegerNetwork integer = Qat.convert(prepared)) {
            VerificationReport report = Qat.verify(prepared, integer, data);
            assertThat(report.layers()).as(report.toString()).allMatch(l -> l.maxLsb() == 0);
            assertThat(report.labelAgreement()).as(report.toString()).isEqualTo(1.0);
            INDArray x = data.next().getFeatures();
            try (IntegerNetwork java =
                    integer.withEngine(io.github.dl4jqat.integer.EngineChoice.JAVA)) {
                assertThat(integer.output(x)).isEqualTo(java.output(x));
            }
        }
    }

    private static ComputationGraph residual(DataType type, Op op, boolean relu) {
        ComputationGraphConfiguration.GraphBuilder b =
                graph(type)
                        .addLayer("stem", conv(6, Activation.RELU), "in")
                        .addLayer("a", conv(6, Activation.RELU), "stem")
                        .addLayer("b", conv(6, Activation.IDENTITY), "a")
                        .addVertex("sum", new ElementWiseVertex(op), "stem", "b");
        if (relu) {
            b.addLayer("relu", new ActivationLayer(Activation.RELU), "sum");
        }
        String sum = relu ? "relu" : "sum";
        b.addLayer("c", conv(6, Activation.LEAKYRELU), sum)
                .addVertex("sum2", new ElementWiseVertex(op), sum, "c");
        return ended(b, "sum2");
    }

    @ParameterizedTest
    @CsvSource({
        "Add,true,FLOAT",
        "Add,false,FLOAT",
        "Add,true,DOUBLE",
        "Subtract,false,FLOAT",
        "Average,true,FLOAT",
        "Average,false,DOUBLE",
        "Product,false,FLOAT",
        "Product,true,DOUBLE",
        "Max,true,FLOAT"
    })
    void elementwiseVertices_areExact(Op op, boolean relu, DataType type) {
        assertExact(residual(type, op, relu), QatConfig.int8());
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void residualSums_areExactInBothModesAndAtFourBits(Requantization mode) {
        QatConfig config =
                QatConfig.builder().weightBits(4).activationBits(4).requantization(mode).build();
        ComputationGraph prepared = Qat.prepare(residual(DataType.FLOAT, Op.Add, true), config);
        DataSetIterator data = images(5, 3, SIZE, SIZE);
        Qat.calibrate(prepared, data, 3);
        try (IntegerNetwork integer = Qat.convert(prepared)) {
            assertThat(Qat.verify(prepared, integer, data).layers()).allMatch(l -> l.maxLsb() == 0);
        }
    }

    @Test
    void mergedBranches_shareOneGridThroughPooling() {
        ComputationGraphConfiguration.GraphBuilder b =
                graph(DataType.FLOAT)
                        .addLayer("a", conv(4, Activation.RELU), "in")
                        .addLayer(
                                "poolA",
                                new SubsamplingLayer.Builder(2, 2).stride(2, 2).build(),
                                "a")
                        .addLayer(
                                "b",
                                new ConvolutionLayer.Builder(3, 3)
                                        .stride(2, 2)
                                        .nOut(5)
                                        .activation(Activation.TANH)
                                        .build(),
                                "in")
                        .addVertex("merge", new MergeVertex(), "poolA", "b")
                        .addLayer("c", conv(9, Activation.RELU), "merge")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "merge", "c");
        ComputationGraph net = ended(b, "sum");
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.groups()).hasSize(1);
        assertThat(plan.groups().get(0)).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(plan.toString()).contains("one grid for a, b, c");
        assertExact(net, QatConfig.int8());
    }

    @ParameterizedTest
    @CsvSource({"FLOAT,8", "DOUBLE,8", "FLOAT,4"})
    void residualBlocksWithBatchNormalization_areExact(DataType type, int bits) {
        ComputationGraphConfiguration.GraphBuilder b =
                graph(type)
                        .addLayer("stem", conv(6, Activation.IDENTITY), "in")
                        .addLayer("bn0", new BatchNormalization(), "stem")
                        .addLayer("relu0", new ActivationLayer(Activation.RELU), "bn0")
                        .addLayer("a", conv(6, Activation.IDENTITY), "relu0")
                        .addLayer("bn1", new BatchNormalization(), "a")
                        .addLayer("leaky", new ActivationLayer(Activation.LEAKYRELU), "bn1")
                        .addLayer("b", conv(6, Activation.IDENTITY), "leaky")
                        .addLayer("bn2", new BatchNormalization(), "b")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "relu0", "bn2")
                        .addLayer("bn3", new BatchNormalization(), "sum")
                        .addLayer("relu3", new ActivationLayer(Activation.RELU), "bn3")
                        .addLayer("c", conv(6, Activation.RELU), "relu3")
                        .addLayer("bn4", new BatchNormalization(), "c");
        ComputationGraph net = ended(b, "bn4");
        QatConfig config = QatConfig.builder().weightBits(bits).activationBits(bits).build();
        PreparationPlan plan = Qat.plan(net, config);
        assertThat(plan.floatLayers()).isEmpty();
        assertThat(plan.groups()).containsExactly(List.of("stem", "b"));
        assertThat(plan.entries())
                .filteredOn(e -> e.batchNorm() != null)
                .extracting(e -> e.node().name() + "+" + e.batchNorm())
                .containsExactlyInAnyOrder("stem+bn0", "a+bn1", "b+bn2");
        assertExact(net, config);
    }

    @Test
    void theNetworksInputMayBeAddedToALayer() {
        ComputationGraphConfiguration.GraphBuilder b =
                graph(DataType.FLOAT)
                        .addLayer("a", conv(3, Activation.RELU), "in")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "in", "a")
                        .addLayer("b", conv(3, Activation.RELU), "sum");
        assertExact(ended(b, "b"), QatConfig.int8());
    }

    @Test
    void movingLayersAndVertices_areExact() {
        ComputationGraphConfiguration.GraphBuilder b =
                graph(DataType.FLOAT)
                        .addLayer("pad", new ZeroPaddingLayer(1, 0, 2, 1), "in")
                        .addLayer("a", conv(4, Activation.RELU), "pad")
                        .addLayer("crop", new Cropping2D(1, 0, 0, 3), "a")
                        .addLayer("up", new Upsampling2D.Builder(2).build(), "crop")
                        .addVertex("helper", new PoolHelperVertex(), "up")
                        .addLayer("pad2", new ZeroPaddingLayer(1, 0, 1, 0), "helper")
                        .addLayer("deep", new SpaceToDepthLayer.Builder<>(2).build(), "pad2")
                        .addVertex("scaled", new ScaleVertex(0.37), "deep")
                        .addVertex("shifted", new ShiftVertex(-0.21), "scaled")
                        .addLayer("b", conv(4, Activation.RELU), "shifted");
        assertExact(ended(b, "b"), QatConfig.int8());
    }

    @Test
    void channelsLast_isExact() {
        CNN2DFormat last = CNN2DFormat.NHWC;
        ComputationGraphConfiguration.GraphBuilder b =
                graph(DataType.FLOAT)
                        .addLayer("a", conv(4, Activation.RELU, last), "in")
                        .addLayer("b", conv(4, Activation.IDENTITY, last), "a")
                        .addVertex("merge", new MergeVertex(), "a", "b")
                        .addLayer("c", conv(8, Activation.RELU, last), "merge")
                        .addLayer("d", conv(8, Activation.IDENTITY, last), "c")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "c", "d")
                        .addLayer("relu", new ActivationLayer(Activation.RELU), "sum");
        ComputationGraph net =
                new ComputationGraph(
                        b.addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG)
                                                .poolingDimensions(1, 2)
                                                .build(),
                                        "relu")
                                .addLayer(
                                        "dense",
                                        new DenseLayer.Builder()
                                                .nOut(8)
                                                .activation(Activation.RELU)
                                                .build(),
                                        "pool")
                                .addVertex("part", new SubsetVertex(2, 6), "dense")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "part")
                                .setOutputs("out")
                                .setInputTypes(InputType.convolutional(SIZE, SIZE, 3, last))
                                .build());
        net.init();
        assertExact(net, QatConfig.int8(), images(5, SIZE, SIZE, 3));
    }
}
