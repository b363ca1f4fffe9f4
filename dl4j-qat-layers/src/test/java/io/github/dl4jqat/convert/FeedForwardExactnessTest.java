package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.QuantCenterLossOutputLayer;
import io.github.dl4jqat.layers.QuantElementWiseMultiplicationLayer;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Layers with weights that are neither dense nor convolutions. */
class FeedForwardExactnessTest {

    private static QatConfig config(Requantization mode) {
        return QatConfig.builder().requantization(mode).strict(true).build();
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void centerLoss_endsAsAnyOutputLayer(Requantization mode) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            InputType input = InputType.feedForward(6);
            MultiLayerNetwork net =
                    new MultiLayerNetwork(
                            new NeuralNetConfiguration.Builder()
                                    .seed(4)
                                    .dataType(type)
                                    .updater(new Adam(1e-2))
                                    .list()
                                    .layer(
                                            new DenseLayer.Builder()
                                                    .nOut(5)
                                                    .activation(Activation.TANH)
                                                    .build())
                                    .layer(
                                            new CenterLossOutputLayer.Builder()
                                                    .nOut(Exactness.CLASSES)
                                                    .activation(Activation.SOFTMAX)
                                                    .build())
                                    .setInputType(input)
                                    .build());
            net.init();
            DataSetIterator data = Exactness.data(new Random(4), type, input);
            MultiLayerNetwork qat =
                    Exactness.assertExact("center loss " + type, net, config(mode), data);
            assertThat(qat.getLayer(1).conf().getLayer())
                    .isInstanceOf(QuantCenterLossOutputLayer.class);
            try (IntegerNetwork integer = Qat.convert(qat).withEngine(EngineChoice.JAVA)) {
                assertThat(integer.summary()).doesNotContain("cL");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void columnsWithAFactorEach_areExact(Requantization mode) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            for (Activation f : new Activation[] {Activation.RELU, Activation.TANH}) {
                InputType input = InputType.feedForward(6);
                List<Layer> layers =
                        List.of(
                                new DenseLayer.Builder().nOut(5).activation(f).build(),
                                new ElementWiseMultiplicationLayer.Builder()
                                        .nIn(5)
                                        .nOut(5)
                                        .activation(f)
                                        .build());
                MultiLayerNetwork qat =
                        Exactness.assertExact(
                                type + " " + f,
                                Exactness.network(6, type, input, layers),
                                config(mode),
                                Exactness.data(new Random(6), type, input));
                assertThat(qat.getLayer(1).conf().getLayer())
                        .isInstanceOf(QuantElementWiseMultiplicationLayer.class);
            }
        }
    }
}
