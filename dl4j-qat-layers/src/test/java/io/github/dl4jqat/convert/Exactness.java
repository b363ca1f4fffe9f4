package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Chains of layers, prepared, trained for a step and compared with what they are converted to. */
final class Exactness {

    static final int CLASSES = 3;
    private static final int EXAMPLES = 6;

    private Exactness() {}

    static MultiLayerNetwork network(
            long seed, DataType type, InputType input, List<? extends Layer> layers) {
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder()
                        .seed(seed)
                        .dataType(type)
                        .updater(new Adam(1e-2))
                        .biasInit(0.05)
                        .list();
        layers.forEach(list::layer);
        list.layer(new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build());
        MultiLayerNetwork net = new MultiLayerNetwork(list.setInputType(input).build());
        net.init();
        return net;
    }

    static DataSetIterator data(Random random, DataType type, InputType input) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            long[] shape = input.getShape(true);
            shape[0] = EXAMPLES;
            batches.add(
                    new DataSet(
                            Nets.random(random, type, shape).addi(0.3),
                            Nets.labels(random, type, EXAMPLES, CLASSES)));
        }
        // Deeplearning4j's other iterator over a list merges batches, but none of volumes.
        return new ExistingDataSetIterator(batches);
    }

    /** Each layer's integers on the Java engine, and the whole network on both engines. */
    static MultiLayerNetwork assertExact(
            String what, MultiLayerNetwork net, QatConfig config, DataSetIterator data) {
        MultiLayerNetwork qat = Qat.prepare(net, config);
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        assertExact(what, qat, data);
        return qat;
    }

    static void assertExact(String what, MultiLayerNetwork qat, DataSetIterator data) {
        try (IntegerNetwork java = Qat.convert(qat).withEngine(EngineChoice.JAVA)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as("%s%n%s%s", what, java.summary(), report).isTrue();
            assertThat(report.maxOutputDifference()).as(what).isLessThan(1e-6);
            if (java.model().requantization() == Requantization.FLOAT) {
                assertSameOnOnnxRuntime(what, java, data);
            }
        }
    }

    static void assertSameOnOnnxRuntime(String what, IntegerNetwork java, DataSetIterator data) {
        try (IntegerNetwork ort = java.withEngine(EngineChoice.ONNX_RUNTIME)) {
            data.reset();
            while (data.hasNext()) {
                INDArray x = data.next().getFeatures();
                assertThat(ort.output(x).sub(java.output(x)).amaxNumber().doubleValue())
                        .as("%s: ONNX Runtime", what)
                        .isLessThan(1e-6);
            }
        } catch (UnsupportedOperationException e) {
            // The only thing it may refuse: a missing engine must not pass as agreement.
            assertThat(e.getMessage()).as(what).contains("activations of up to 8 bits");
        }
    }
}
