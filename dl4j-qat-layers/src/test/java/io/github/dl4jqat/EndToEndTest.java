package io.github.dl4jqat;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class EndToEndTest {

    static DataSetIterator data(int batches, int size, int classes, long... shape) {
        Nd4j.getRandom().setSeed(7);
        List<DataSet> list = new ArrayList<>();
        INDArray[] prototypes = new INDArray[classes];
        for (int c = 0; c < classes; c++) {
            prototypes[c] = Nd4j.rand(DataType.FLOAT, shape);
        }
        for (int b = 0; b < batches; b++) {
            long[] all = new long[shape.length + 1];
            all[0] = size;
            System.arraycopy(shape, 0, all, 1, shape.length);
            INDArray x = Nd4j.rand(DataType.FLOAT, all).muli(0.5);
            INDArray y = Nd4j.zeros(DataType.FLOAT, size, classes);
            for (int i = 0; i < size; i++) {
                int c = (b * size + i) % classes;
                x.slice(i).addi(prototypes[c]);
                y.putScalar(i, c, 1);
            }
            list.add(new DataSet(x, y));
        }
        return new ListDataSetIterator<>(list, size);
    }

    @Test
    void convolutionalNetwork_isExact() throws Exception {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .updater(new Adam(1e-2))
                                .list()
                                .layer(
                                        new ConvolutionLayer.Builder(3, 3)
                                                .nOut(8)
                                                .activation(Activation.RELU)
                                                .convolutionMode(ConvolutionMode.Same)
                                                .build())
                                .layer(
                                        new SubsamplingLayer.Builder(PoolingType.MAX)
                                                .kernelSize(2, 2)
                                                .stride(2, 2)
                                                .build())
                                .layer(
                                        new ConvolutionLayer.Builder(3, 3)
                                                .nOut(12)
                                                .activation(Activation.IDENTITY)
                                                .build())
                                .layer(new ActivationLayer(Activation.TANH))
                                .layer(
                                        new SubsamplingLayer.Builder(PoolingType.AVG)
                                                .kernelSize(2, 2)
                                                .stride(2, 2)
                                                .build())
                                .layer(
                                        new DenseLayer.Builder()
                                                .nOut(30)
                                                .activation(Activation.ELU)
                                                .build())
                                .layer(
                                        new OutputLayer.Builder(LossFunction.MCXENT)
                                                .activation(Activation.SOFTMAX)
                                                .nOut(5)
                                                .build())
                                .setInputType(InputType.convolutional(12, 12, 2))
                                .build());
        net.init();
        DataSetIterator data = data(20, 16, 5, 2, 12, 12);
        net.fit(data, 2);
        System.out.println("float " + net.evaluate(data).accuracy());
        System.out.println(Qat.plan(net, QatConfig.int8()));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 5);
        System.out.println("ptq " + qat.evaluate(data).accuracy());
        qat.fit(data, 1);
        System.out.println("qat " + qat.evaluate(data).accuracy());
        try (IntegerNetwork integer = Qat.convert(qat)) {
            System.out.println(integer.summary());
            VerificationReport report = Qat.verify(qat, integer, data);
            System.out.println(report);
            try (IntegerNetwork java = integer.withEngine(EngineChoice.JAVA)) {
                VerificationReport r2 = Qat.verify(qat, java, data);
                System.out.println(r2);
                assertThat(r2.exact()).isTrue();
            }
            assertThat(report.exact()).isTrue();
        }
    }
}
