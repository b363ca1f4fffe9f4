package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** Layers that pool and move the steps of a sequence. */
class SequencePoolingTest {

    private static ComputationGraph net(PoolingType windows, PoolingType global) {
        ComputationGraphConfiguration conf =
                new NeuralNetConfiguration.Builder()
                        .seed(4)
                        .graphBuilder()
                        .addInputs("in")
                        .addLayer("pad", new ZeroPadding1DLayer(2, 1), "in")
                        .addLayer("crop", new Cropping1D(1, 0), "pad")
                        .addLayer("up", new Upsampling1D.Builder(2).build(), "crop")
                        .addLayer(
                                "windows",
                                new Subsampling1DLayer.Builder(windows)
                                        .kernelSize(3)
                                        .stride(2)
                                        .convolutionMode(ConvolutionMode.Truncate)
                                        .build(),
                                "up")
                        .addLayer("all", new GlobalPoolingLayer.Builder(global).build(), "windows")
                        .addLayer(
                                "out",
                                new OutputLayer.Builder()
                                        .nOut(3)
                                        .activation(Activation.SOFTMAX)
                                        .build(),
                                "all")
                        .setOutputs("out")
                        .setInputTypes(InputType.recurrent(4, 9))
                        .build();
        ComputationGraph net = new ComputationGraph(conf);
        net.init();
        return net;
    }

    @ParameterizedTest
    @EnumSource(
            value = PoolingType.class,
            names = {"AVG", "MAX", "SUM"})
    void sequences_arePooledExactly(PoolingType global) {
        for (PoolingType windows : List.of(PoolingType.AVG, PoolingType.MAX)) {
            INDArray x = Nd4j.randn(new long[] {6, 4, 9});
            INDArray y = Nd4j.zeros(6, 3);
            y.getColumn(1).assign(1);
            DataSetIterator data = new ListDataSetIterator<>(List.of(new DataSet(x, y)), 6);
            ComputationGraph prepared = Qat.prepare(net(windows, global), QatConfig.int8());
            Qat.calibrate(prepared, data, 1);
            prepared.fit(data);
            try (IntegerNetwork integer = Qat.convert(prepared)) {
                VerificationReport report = Qat.verify(prepared, integer, data);
                assertThat(report.layers()).as(report.toString()).allMatch(l -> l.maxLsb() == 0);
                assertThat(report.layers()).extracting("layer").contains("windows", "all", "up");
                assertThat(report.labelAgreement()).isEqualTo(1.0);
            }
        }
    }
}
