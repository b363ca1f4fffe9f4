package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.PreparationPlan.Insertion;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** Layers that compute in float and are the first to read the network's input. */
class IslandInputTest {

    private static final Layer LRN = new LocalResponseNormalization.Builder().build();

    private static GraphBuilder graph(InputType in) {
        return new NeuralNetConfiguration.Builder()
                .seed(7)
                .convolutionMode(ConvolutionMode.Same)
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(in)
                .setOutputs("out");
    }

    private static ConvolutionLayer conv() {
        return new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build();
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build();
    }

    private static DataSetIterator data(long... shape) {
        INDArray x = Nd4j.rand(shape);
        INDArray y =
                shape.length == 3 ? Nd4j.zeros(shape[0], 3, shape[2]) : Nd4j.zeros(shape[0], 3);
        y.slice(0, 1).assign(1);
        return new ListDataSetIterator<>(List.of(new DataSet(x, y)), (int) shape[0]);
    }

    /** A quantizer is put in before the island, and the integer model computes the same. */
    private static void goesAllTheWay(ComputationGraph net, String island, DataSetIterator data) {
        net.init();
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.insertions()).extracting(Insertion::after).contains("in");
        assertThat(plan.floatLayers())
                .allMatch(e -> e.outcome() == Outcome.ISLAND)
                .extracting(e -> e.node().name())
                .containsExactly(island);
        ComputationGraph prepared = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(prepared, data, 1);
        prepared.fit(data);
        try (IntegerNetwork integer = Qat.convert(prepared)) {
            assertThat(integer.model().floatIslands()).contains(island);
            VerificationReport report = Qat.verify(prepared, integer, data);
            assertThat(report.sound()).as(report.toString()).isTrue();
        }
    }

    @Test
    void localResponseNormalization() {
        ComputationGraph net =
                new ComputationGraph(
                        graph(InputType.convolutional(6, 6, 3))
                                .addLayer("lrn", LRN, "in")
                                .addLayer("conv", conv(), "lrn")
                                .addLayer("out", output(), "conv")
                                .build());
        goesAllTheWay(net, "lrn", data(5, 3, 6, 6));
    }

    /** Max pooling keeps what it reads, so the island is the first to need anything. */
    @Test
    void behindPooling() {
        ComputationGraph net =
                new ComputationGraph(
                        graph(InputType.convolutional(6, 6, 3))
                                .addLayer(
                                        "pool",
                                        new SubsamplingLayer.Builder()
                                                .kernelSize(2, 2)
                                                .stride(2, 2)
                                                .build(),
                                        "in")
                                .addLayer("lrn", LRN, "pool")
                                .addLayer("conv", conv(), "lrn")
                                .addLayer("out", output(), "conv")
                                .build());
        goesAllTheWay(net, "lrn", data(5, 3, 6, 6));
    }

    @Test
    void normOfAnExample() {
        ComputationGraph net =
                new ComputationGraph(
                        graph(InputType.feedForward(6))
                                .addVertex("unit", new L2NormalizeVertex(), "in")
                                .addLayer("dense", new DenseLayer.Builder().nOut(5).build(), "unit")
                                .addLayer("out", output(), "dense")
                                .build());
        goesAllTheWay(net, "unit", data(5, 6));
    }

    @Test
    void attention() {
        ComputationGraph net =
                new ComputationGraph(
                        graph(InputType.recurrent(4, 7))
                                .addLayer(
                                        "attention",
                                        new SelfAttentionLayer.Builder()
                                                .nIn(4)
                                                .nOut(4)
                                                .nHeads(1)
                                                .projectInput(false)
                                                .build(),
                                        "in")
                                .addLayer(
                                        "out",
                                        new RnnOutputLayer.Builder()
                                                .nOut(3)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "attention")
                                .build());
        goesAllTheWay(net, "attention", data(5, 4, 7));
    }

    /** There nothing can be put in; the plan says so, and what to do. */
    @Test
    void listsOfLayersBecomeGraphsFirst() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(7)
                                .convolutionMode(ConvolutionMode.Same)
                                .list()
                                .layer(LRN.clone())
                                .layer(conv())
                                .layer(output())
                                .setInputType(InputType.convolutional(6, 6, 3))
                                .build());
        net.init();
        assertThat(Qat.plan(net, QatConfig.int8()).floatLayers())
                .singleElement()
                .satisfies(
                        e -> {
                            assertThat(e.outcome()).isEqualTo(Outcome.FLOAT);
                            assertThat(e.reason())
                                    .contains("the network's input", "net.toComputationGraph()");
                        });
        MultiLayerNetwork prepared = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data(5, 3, 6, 6);
        prepared.fit(data);
        assertThatThrownBy(() -> Qat.convert(prepared))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("LocalResponseNormalization")
                .hasMessageContaining("net.toComputationGraph()");

        ComputationGraph graph = net.toComputationGraph();
        String input = graph.getConfiguration().getNetworkInputs().get(0);
        assertThat(Qat.plan(graph, QatConfig.int8()).insertions())
                .extracting(Insertion::after)
                .contains(input);
        ComputationGraph quantized = Qat.prepare(graph, QatConfig.int8());
        Qat.calibrate(quantized, data, 1);
        try (IntegerNetwork integer = Qat.convert(quantized)) {
            assertThat(Qat.verify(quantized, integer, data).sound()).isTrue();
        }
    }

    /** The norm over windows has a quantizer of its own, but for what it gives. */
    @Test
    void poolingByNorm() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list()
                                .layer(
                                        new GlobalPoolingLayer.Builder(PoolingType.PNORM)
                                                .pnorm(2)
                                                .build())
                                .layer(output())
                                .setInputType(InputType.convolutional(6, 6, 3))
                                .build());
        net.init();
        assertThat(Qat.plan(net, QatConfig.int8()).floatLayers())
                .singleElement()
                .matches(e -> e.outcome() == Outcome.FLOAT);
    }
}
