package io.github.dl4jqat.convert;

import static io.github.dl4jqat.GraphNets.CLASSES;
import static io.github.dl4jqat.GraphNets.SIZE;
import static io.github.dl4jqat.GraphNets.assertExact;
import static io.github.dl4jqat.GraphNets.classes;
import static io.github.dl4jqat.GraphNets.conv;
import static io.github.dl4jqat.GraphNets.data;
import static io.github.dl4jqat.GraphNets.dense;
import static io.github.dl4jqat.GraphNets.ended;
import static io.github.dl4jqat.GraphNets.graph;
import static io.github.dl4jqat.GraphNets.image;
import static io.github.dl4jqat.GraphNets.images;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Vertices in places that are easy to get wrong; every network must convert to the last bit. */
@ExtendWith(Seeds.class)
class JoinedGraphTest {

    private static ElementWiseVertex join(Op op) {
        return new ElementWiseVertex(op);
    }

    private static ActivationLayer function(Activation f) {
        return new ActivationLayer(f);
    }

    private static GraphBuilder twoBranches(DataType type) {
        return graph(type, "in")
                .addLayer("a", conv(4, Activation.RELU), "in")
                .addLayer("b", conv(4, Activation.IDENTITY), "a");
    }

    private static GraphBuilder twoBranches() {
        return twoBranches(DataType.FLOAT);
    }

    /** As in ResNet: what a block gives is added again in the next one. */
    @ParameterizedTest
    @CsvSource({"FLOAT,FLOAT", "FLOAT,FIXED_POINT", "DOUBLE,FLOAT", "DOUBLE,FIXED_POINT"})
    void chainOfResidualBlocks(DataType type, Requantization mode, Random random) {
        GraphBuilder b = graph(type, "in").addLayer("stem", conv(4, Activation.RELU), "in");
        String x = "stem";
        for (int i = 0; i < 3; i++) {
            b.addLayer("a" + i, conv(4, Activation.RELU), x)
                    .addLayer("b" + i, conv(4, Activation.IDENTITY), "a" + i)
                    .addVertex("sum" + i, join(Op.Add), x, "b" + i)
                    .addLayer("relu" + i, function(Activation.RELU), "sum" + i);
            x = "relu" + i;
        }
        ComputationGraph net = ended(b, x);
        QatConfig config = QatConfig.builder().requantization(mode).build();
        assertThat(Qat.plan(net, config).groups())
                .containsExactlyInAnyOrder(
                        List.of("stem", "b0"), List.of("relu0", "b1"), List.of("relu1", "b2"));
        assertExact(net, config, data(random, images(3)));
    }

    /** Sums without a function between them are quantizers' outputs too. */
    @ParameterizedTest
    @EnumSource(
            value = Op.class,
            names = {"Add", "Average", "Max"})
    void threeInputs(Op op, Random random) {
        for (Requantization mode : Requantization.values()) {
            ComputationGraph net =
                    ended(
                            twoBranches()
                                    .addLayer("c", conv(4, Activation.TANH), "a")
                                    .addVertex("three", join(op), "a", "b", "c")
                                    .addVertex("again", join(op), "three", "b", "in4")
                                    .addLayer("in4", conv(4, Activation.IDENTITY), "in"),
                            "again");
            assertExact(
                    net, QatConfig.builder().requantization(mode).build(), data(random, images(3)));
        }
    }

    @ParameterizedTest
    @EnumSource(Op.class)
    void sameTensorTwice(Op op, Random random) {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            ComputationGraph net =
                    ended(twoBranches(type).addVertex("twice", join(op), "b", "b"), "twice");
            assertThat(Qat.plan(net, QatConfig.int8()).groups()).isEmpty();
            assertExact(net, QatConfig.int8(), data(random, images(3)));
        }
    }

    @Test
    void inputTwice(Random random) {
        ComputationGraph net =
                ended(
                        graph("in")
                                .addVertex("twice", join(Op.Add), "in", "in")
                                .addLayer("a", conv(4, Activation.RELU), "twice"),
                        "a");
        assertExact(net, QatConfig.int8(), data(random, images(3)));
    }

    @Test
    void mergedThenPooledThenAdded(Random random) {
        ComputationGraph net =
                ended(
                        twoBranches()
                                .addVertex("both", new MergeVertex(), "a", "b")
                                .addLayer(
                                        "max",
                                        new SubsamplingLayer.Builder(PoolingType.MAX)
                                                .kernelSize(2, 2)
                                                .stride(2, 2)
                                                .build(),
                                        "both")
                                .addLayer(
                                        "mean",
                                        new SubsamplingLayer.Builder(PoolingType.AVG)
                                                .kernelSize(2, 2)
                                                .stride(2, 2)
                                                .build(),
                                        "both")
                                .addVertex("sum", join(Op.Add), "max", "mean"),
                        "sum");
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.groups()).hasSize(1);
        assertThat(plan.groups().get(0)).containsExactlyInAnyOrder("a", "b", "mean");
        assertExact(net, QatConfig.int8(), data(random, images(3)));
    }

    /** A function that is no clamp is a table behind a quantizer of its own. */
    @ParameterizedTest
    @EnumSource(
            value = Activation.class,
            names = {"SIGMOID", "TANH", "LEAKYRELU", "RELU6", "HARDTANH", "IDENTITY", "SWISH"})
    void functionBehindASum(Activation f, Random random) {
        ComputationGraph net =
                ended(
                        twoBranches()
                                .addVertex("sum", join(Op.Add), "a", "b")
                                .addLayer("f", function(f), "sum")
                                .addLayer("c", conv(4, Activation.RELU), "f")
                                .addVertex("sum2", join(Op.Add), "f", "c"),
                        "sum2");
        assertExact(net, QatConfig.int8(), data(random, images(3)));
    }

    /** What a vertex gives is read by a function and by another vertex. */
    @Test
    void sumThatSeveralRead(Random random) {
        ComputationGraph net =
                ended(
                        twoBranches()
                                .addVertex("sum", join(Op.Add), "a", "b")
                                .addLayer("relu", function(Activation.RELU), "sum")
                                .addLayer("sigmoid", function(Activation.SIGMOID), "sum")
                                .addVertex("gated", join(Op.Product), "sum", "sigmoid")
                                .addVertex("all", join(Op.Add), "relu", "gated", "sum"),
                        "all");
        assertExact(net, QatConfig.int8(), data(random, images(3)));
    }

    /** DL4J's feedForward would let the ReLU write over what the sum reads, too. */
    @Test
    void functionBesideTheSumOfItsInput(Random random) {
        ComputationGraph net =
                ended(
                        twoBranches()
                                .addLayer("relu", function(Activation.RELU), "b")
                                .addLayer("c", conv(4, Activation.IDENTITY), "relu")
                                .addVertex("sum", join(Op.Add), "b", "c"),
                        "sum");
        VerificationReport report = assertExact(net, QatConfig.int8(), data(random, images(3)));
        assertThat(report.layers()).extracting("layer").contains("b", "relu", "c", "sum-quant");
    }

    /** Channels weighted by a number for each, as in squeeze-and-excitation. */
    @ParameterizedTest
    @CsvSource({"FLOAT,FLOAT", "DOUBLE,FLOAT", "FLOAT,FIXED_POINT"})
    void squeezeAndExcitation(DataType type, Requantization mode, Random random) {
        ConvolutionLayer stem = pixelwise(3, 6, Activation.RELU);
        ConvolutionLayer squeeze = pixelwise(6, 2, Activation.RELU);
        ConvolutionLayer excite = pixelwise(2, 6, Activation.SIGMOID);
        // DL4J checks shapes where it knows the input's type, and would refuse these.
        ComputationGraph net =
                GraphNets.built(
                        graph(type, "in")
                                .addLayer("stem", stem, "in")
                                .addLayer(
                                        "mean",
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG)
                                                .collapseDimensions(false)
                                                .build(),
                                        "stem")
                                .addLayer("squeeze", squeeze, "mean")
                                .addLayer("excite", excite, "squeeze")
                                .addVertex("scaled", join(Op.Product), "stem", "excite")
                                .addVertex("shifted", join(Op.Add), "scaled", "excite")
                                .addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.MAX).build(),
                                        "shifted")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nIn(6)
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "pool")
                                .setOutputs("out"));
        assertExact(net, QatConfig.builder().requantization(mode).build(), data(random, images(3)));
    }

    private static ConvolutionLayer pixelwise(int in, int out, Activation f) {
        return new ConvolutionLayer.Builder(1, 1).nIn(in).nOut(out).activation(f).build();
    }

    @ParameterizedTest
    @EnumSource(
            value = PoolingType.class,
            names = {"AVG", "MAX", "SUM"})
    void pooledAxesThatStay(PoolingType pooling, Random random) {
        ComputationGraph net =
                GraphNets.built(
                        graph("in")
                                .addLayer("a", conv(5, Activation.RELU), "in")
                                .addLayer(
                                        "all",
                                        new GlobalPoolingLayer.Builder(pooling)
                                                .collapseDimensions(false)
                                                .build(),
                                        "a")
                                .setOutputs("all"),
                        image(3));
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        MultiDataSetIterator data = data(random, images(3));
        Qat.calibrate(qat, data, 2);
        GraphNets.assertConvertsExactly(qat, data);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            INDArray[] x = data.next().getFeatures();
            assertThat(integer.outputs(x)[0].shape()).containsExactly(4, 5, 1, 1);
            assertThat(integer.outputs(x)).isEqualTo(qat.output(x));
        }
    }

    /** DL4J repeats the rows along the batch, which is never what is meant. */
    @Test
    void inputsOfDifferentRank_areRefused(Random random) {
        OutputLayer out =
                new OutputLayer.Builder()
                        .nIn(SIZE)
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build();
        ComputationGraph net =
                GraphNets.built(
                        graph("in", "rows")
                                .addVertex("sum", join(Op.Add), "in", "rows")
                                .addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                                        "sum")
                                .addLayer("out", out, "pool")
                                .setOutputs("out"));
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(
                qat, data(random, new long[] {SIZE, SIZE, SIZE, SIZE}, new long[] {SIZE, SIZE}), 1);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'sum' (ElementWiseVertex)")
                .hasMessageContaining("have different ranks")
                .hasMessageContaining("ReshapeVertex");
    }

    @Test
    void vectors(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        graph("in")
                                .addLayer("a", dense(6, Activation.RELU), "in")
                                .addLayer("b", dense(6, Activation.TANH), "a")
                                .addLayer("gate", dense(1, Activation.SIGMOID), "a")
                                .addVertex("sum", join(Op.Subtract), "a", "b")
                                .addVertex("gated", join(Op.Product), "sum", "gate")
                                .addVertex("all", new MergeVertex(), "gated", "b", "in")
                                .addLayer("out", classes(), "all")
                                .setOutputs("out"),
                        InputType.feedForward(5));
        assertExact(net, QatConfig.int8(), data(random, new long[] {4, 5}));
    }

    /** A bit of an activation is -1 or 1 elsewhere; what is added has 0 and 1. */
    @ParameterizedTest
    @CsvSource({"1", "2"})
    void coarseActivations(int bits, Random random) {
        ComputationGraph net =
                ended(
                        twoBranches()
                                .addVertex("sum", join(Op.Add), "a", "b")
                                .addLayer("relu", function(Activation.RELU), "sum")
                                .addLayer("c", conv(4, Activation.TANH), "relu")
                                .addLayer("d", conv(4, Activation.TANH), "relu")
                                .addVertex("gated", join(Op.Product), "c", "d")
                                .addVertex("both", new MergeVertex(), "c", "b", "gated"),
                        "both");
        QatConfig midRise =
                QatConfig.builder()
                        .weightBits(bits)
                        .activationQuant(
                                bits == 1
                                        ? Quantizers.binaryPerTensor()
                                        : Quantizers.midRisePerTensor(bits))
                        .build();
        MultiDataSetIterator data = data(random, images(3));
        assertExact(net, midRise, data);
        data.reset();
        assertExact(net, QatConfig.builder().weightBits(bits).activationBits(bits).build(), data);
    }

    /** Members observe their ranges, whatever all other activations learn. */
    @ParameterizedTest
    @CsvSource({"lsq", "lsq-plus", "pact", "dsq", "dorefa"})
    void learnedActivations(String estimator, Random random) {
        ComputationGraph net =
                ended(
                        twoBranches()
                                .addLayer("c", conv(4, Activation.RELU), "b")
                                .addVertex("sum", join(Op.Add), "a", "c")
                                .addLayer("relu", function(Activation.RELU), "sum"),
                        "relu");
        QatConfig config =
                QatConfig.builder()
                        .activationEstimator(GradientEstimators.named(estimator))
                        .build();
        assertExact(net, config, data(random, images(3)));
    }

    @Test
    void wideActivations_areExactOnThePlainEngine(Random random) {
        ComputationGraph net = ended(twoBranches().addVertex("sum", join(Op.Add), "a", "b"), "sum");
        QatConfig config = QatConfig.builder().activationBits(12).build();
        assertExact(net, config, data(random, images(3)));
    }

    /** 10 bits times 10 bits are 20; a float has 24, some of which go into three roundings. */
    @ParameterizedTest
    @CsvSource({"FLOAT,10,true", "FLOAT,11,false", "DOUBLE,11,true", "DOUBLE,15,true"})
    void wideProducts(DataType type, int bits, boolean exact, Random random) {
        ComputationGraph net =
                ended(
                        twoBranches(type).addVertex("product", join(Op.Product), "a", "b"),
                        "product");
        QatConfig config = QatConfig.builder().activationBits(bits).build();
        MultiDataSetIterator data = data(random, images(3));
        if (exact) {
            assertExact(net, config, data);
            return;
        }
        ComputationGraph qat = GraphNets.trained(net, config, data);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'product-quant' (FakeQuantLayer)")
                .hasMessageContaining("10 bits or fewer")
                .hasMessageContaining("DOUBLE");
    }

    @Test
    void shapesThatRepeatAnAxisInTheMiddle(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        graph("in", "rows")
                                .addVertex("sum", join(Op.Add), "in", "rows")
                                .addLayer(
                                        "a",
                                        new ConvolutionLayer.Builder(3, 3)
                                                .nIn(3)
                                                .nOut(4)
                                                .activation(Activation.RELU)
                                                .build(),
                                        "sum")
                                .addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.MAX).build(),
                                        "a")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nIn(4)
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "pool")
                                .setOutputs("out"));
        assertExact(net, QatConfig.int8(), data(random, images(3), new long[] {4, 3, 1, SIZE}));
    }

    @Test
    void severalOutputs_someOfThemVertices(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        twoBranches()
                                .addVertex("sum", join(Op.Add), "a", "b")
                                .addVertex("both", new MergeVertex(), "a", "b")
                                .addLayer("f", function(Activation.SIGMOID), "both")
                                .addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                                        "sum")
                                .addLayer("out", classes(), "pool")
                                .setOutputs("out", "sum", "both", "f", "a"),
                        image(3));
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        assertThat(qat.getConfiguration().getNetworkOutputs())
                .containsExactly("out", "sum-quant", "both", "f", "a");
        MultiDataSetIterator data = data(random, images(3));
        Qat.calibrate(qat, data, 2);
        VerificationReport report = GraphNets.assertConvertsExactly(qat, data);
        assertThat(report.labels()).isEqualTo(12 * (1 + 4L * SIZE * SIZE));
    }
}
