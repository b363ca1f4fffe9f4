package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Layers that the integer model computes in float, between integers. */
class IslandConversionTest {

    private static ComputationGraph net(boolean global) {
        ComputationGraph net =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(8)
                                .updater(new Adam(1e-3))
                                .weightInit(WeightInit.RELU)
                                .convolutionMode(ConvolutionMode.Same)
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer("a", conv(6), "in")
                                .addLayer(
                                        "lrn",
                                        new LocalResponseNormalization.Builder().build(),
                                        "a")
                                .addLayer("b", conv(5), "lrn")
                                .addLayer(
                                        "norm",
                                        global
                                                ? new GlobalPoolingLayer.Builder(PoolingType.PNORM)
                                                        .pnorm(2)
                                                        .build()
                                                : new SubsamplingLayer.Builder(
                                                                SubsamplingLayer.PoolingType.PNORM)
                                                        .kernelSize(3, 3)
                                                        .stride(2, 2)
                                                        .pnorm(2)
                                                        .build(),
                                        "b")
                                .addLayer(
                                        "c",
                                        new DenseLayer.Builder()
                                                .nOut(7)
                                                .activation(Activation.RELU)
                                                .build(),
                                        "norm")
                                .addVertex("unit", new L2NormalizeVertex(), "c")
                                .addLayer(
                                        "d",
                                        new DenseLayer.Builder()
                                                .nOut(4)
                                                .activation(Activation.IDENTITY)
                                                .build(),
                                        "unit")
                                .addLayer("softmax", new ActivationLayer(Activation.SOFTMAX), "d")
                                .addLayer(
                                        "loss",
                                        new LossLayer.Builder(LossFunction.MCXENT)
                                                .activation(Activation.IDENTITY)
                                                .build(),
                                        "softmax")
                                .setOutputs("loss")
                                .setInputTypes(InputType.convolutional(8, 8, 2))
                                .build());
        net.init();
        return net;
    }

    private static ConvolutionLayer conv(int n) {
        return new ConvolutionLayer.Builder(3, 3).nOut(n).activation(Activation.RELU).build();
    }

    private static DataSetIterator data() {
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            INDArray y = Nd4j.zeros(6, 4);
            y.getColumn(i).assign(1);
            all.add(new DataSet(Nd4j.randn(new long[] {6, 2, 8, 8}), y));
        }
        return new ListDataSetIterator<>(all, 6);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void islands_areNamed_trainAndConvert(boolean global) {
        ComputationGraph net = net(global);
        assertThat(Qat.plan(net, QatConfig.int8()).floatLayers())
                .allMatch(e -> e.outcome() == Outcome.ISLAND)
                .extracting(e -> e.node().name())
                .containsExactly("lrn", "norm", "unit");
        ComputationGraph prepared = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data();
        Qat.calibrate(prepared, data, 4);
        for (int epoch = 0; epoch < 3; epoch++) {
            prepared.fit(data);
        }
        assertThat(prepared.params().isNaN().any()).isFalse();
        try (IntegerNetwork integer = Qat.convert(prepared)) {
            assertThat(integer.model().floatIslands()).contains("lrn", "norm", "unit");
            VerificationReport report = Qat.verify(prepared, integer, data);
            assertThat(report.sound()).as(report.toString()).isTrue();
            assertThat(report.layers())
                    .filteredOn(l -> l.allowedLsb() == 1)
                    .extracting("layer")
                    .containsExactly("b (input)", "norm", "d (input)");
            assertThat(report.toString()).contains("behind float, within 1");
            assertThat(report.layers())
                    .filteredOn(l -> List.of("a", "b", "c", "d").contains(l.layer()))
                    .hasSize(4)
                    .allMatch(l -> l.maxLsb() == 0);
            assertThat(report.labelAgreement()).isGreaterThan(0.9);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aNormOfZerosHasNoSlope(int p) {
        ComputationGraph prepared = Qat.prepare(new ComputationGraphOf(p).net(), QatConfig.int8());
        INDArray x = Nd4j.zeros(2, 3, 4, 4);
        x.putScalar(new int[] {0, 1, 2, 2}, 2);
        prepared.setInputs(x);
        prepared.setLabels(Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}}));
        prepared.computeGradientAndScore();
        assertThat(prepared.gradient().gradient().isNaN().any()).isFalse();
    }

    /** A p-norm right behind a convolution. */
    private record ComputationGraphOf(int p) {
        ComputationGraph net() {
            ComputationGraph net =
                    new ComputationGraph(
                            new NeuralNetConfiguration.Builder()
                                    .graphBuilder()
                                    .addInputs("in")
                                    .addLayer(
                                            "a",
                                            new ConvolutionLayer.Builder(1, 1)
                                                    .nOut(3)
                                                    .activation(Activation.IDENTITY)
                                                    .build(),
                                            "in")
                                    .addLayer(
                                            "norm",
                                            new SubsamplingLayer.Builder(
                                                            SubsamplingLayer.PoolingType.PNORM)
                                                    .kernelSize(2, 2)
                                                    .stride(2, 2)
                                                    .pnorm(p)
                                                    .build(),
                                            "a")
                                    .addLayer(
                                            "out",
                                            new org.deeplearning4j.nn.conf.layers.OutputLayer
                                                            .Builder()
                                                    .nOut(2)
                                                    .activation(Activation.SOFTMAX)
                                                    .build(),
                                            "norm")
                                    .setOutputs("out")
                                    .setInputTypes(InputType.convolutional(4, 4, 3))
                                    .build());
            net.init();
            return net;
        }
    }
}
