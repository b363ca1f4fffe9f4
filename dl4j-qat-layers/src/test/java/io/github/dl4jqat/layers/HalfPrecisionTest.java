package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks of 16-bit floats: they train quantized, and become exact as 32-bit ones. */
class HalfPrecisionTest {

    private static final int STEPS = 25;

    private static Model floatNet(Nets.Kind kind, DataType type, IUpdater updater) {
        return Nets.chain(
                kind,
                new NeuralNetConfiguration.Builder().seed(1).dataType(type).updater(updater),
                InputType.convolutional(7, 7, 2),
                List.of(
                        new ConvolutionLayer.Builder(3, 3)
                                .name("conv")
                                .nOut(6)
                                .activation(Activation.TANH)
                                .build(),
                        new SubsamplingLayer.Builder(PoolingType.AVG)
                                .name("avg")
                                .kernelSize(2, 2)
                                .build(),
                        new DenseLayer.Builder()
                                .name("fc")
                                .nOut(8)
                                .activation(Activation.RELU)
                                .build(),
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .name("out")
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build()));
    }

    private static Model prepared(Nets.Kind kind, DataType type) {
        Model net = floatNet(kind, type, new Sgd(0.1));
        return net instanceof MultiLayerNetwork chain
                ? Qat.prepare(chain, QatConfig.int8())
                : Qat.prepare((ComputationGraph) net, QatConfig.int8());
    }

    private static DataSet batch(DataType type) {
        Random random = new Random(8);
        INDArray x = Nets.random(random, DataType.DOUBLE, 12, 2, 7, 7);
        INDArray y = Nets.labels(random, DataType.DOUBLE, 12, 3);
        return new DataSet(x.castTo(type), y.castTo(type));
    }

    private static Model asFloat(Model net) {
        return net instanceof MultiLayerNetwork chain
                ? chain.convertDataType(DataType.FLOAT)
                : ((ComputationGraph) net).convertDataType(DataType.FLOAT);
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void preparedNetwork_trainsAsOneOfFloats(Nets.Kind kind) {
        Model half = prepared(kind, DataType.FLOAT16);
        Model single = prepared(kind, DataType.FLOAT);
        Nets.fit(half, batch(DataType.FLOAT16));
        double first = half.score();
        Nets.fit(single, batch(DataType.FLOAT));
        for (int i = 1; i < STEPS; i++) {
            Nets.fit(half, batch(DataType.FLOAT16));
            Nets.fit(single, batch(DataType.FLOAT));
        }
        assertThat(half.params().dataType()).isEqualTo(DataType.FLOAT16);
        assertThat(half.params().isNaN().any()).isFalse();
        assertThat(half.score()).isLessThan(0.9 * first);
        assertThat(half.score()).isCloseTo(single.score(), Offset.offset(0.05 * first));
        for (Map.Entry<String, INDArray> p : single.paramTable().entrySet()) {
            if (p.getKey().endsWith("Range")) {
                double width = p.getValue().getDouble(1) - p.getValue().getDouble(0);
                for (int end = 0; end < 2; end++) {
                    assertThat(half.getParam(p.getKey()).getDouble(end))
                            .as(p.getKey())
                            .isCloseTo(p.getValue().getDouble(end), Offset.offset(0.05 * width));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void asFloats_itHasTheSameWeightsAndRanges_andIsExact(Nets.Kind kind) throws Exception {
        Model half = prepared(kind, DataType.FLOAT16);
        for (int i = 0; i < 5; i++) {
            Nets.fit(half, batch(DataType.FLOAT16));
        }
        Model exact = asFloat(half);
        half.paramTable()
                .forEach(
                        (k, v) ->
                                assertThat(exact.getParam(k)).isEqualTo(v.castTo(DataType.FLOAT)));
        ListDataSetIterator<DataSet> data =
                new ListDataSetIterator<>(List.of(batch(DataType.FLOAT)), 1);
        INDArray x = batch(DataType.FLOAT).getFeatures();
        assertThatThrownBy(() -> convert(half))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HALF")
                .hasMessageContaining("convertDataType(DataType.FLOAT)");
        try (IntegerNetwork integer = convert(exact)) {
            assertThat(
                            exact instanceof MultiLayerNetwork chain
                                    ? Qat.verify(chain, integer, data).exact()
                                    : Qat.verify((ComputationGraph) exact, integer, data).exact())
                    .isTrue();
            // What is seen while training is not exact, but near.
            assertThat(
                            Nets.output(half, x.castTo(DataType.FLOAT16))
                                    .castTo(DataType.FLOAT)
                                    .sub(integer.output(x))
                                    .amaxNumber()
                                    .doubleValue())
                    .isLessThan(0.05);
        }
        Model loaded = Nets.saved(half);
        assertThat(Nets.state(loaded)).usingRecursiveComparison().isEqualTo(Nets.state(half));
    }

    private static IntegerNetwork convert(Model net) {
        return net instanceof MultiLayerNetwork chain
                ? Qat.convert(chain)
                : Qat.convert((ComputationGraph) net);
    }

    /** Why the documentation advises against it: the epsilon of 1e-8 is zero in 16 bits. */
    @Test
    void adam_failsInHalfWithoutQuantizationToo() {
        Model stock = floatNet(Nets.Kind.MULTI_LAYER, DataType.FLOAT16, new Adam(1e-2));
        for (int i = 0; i < 3; i++) {
            Nets.fit(stock, batch(DataType.FLOAT16));
        }
        assertThat(stock.params().isNaN().any()).isTrue();
    }

    @Test
    void stockNetworkOfHalves_canBePreparedAsFloats() {
        MultiLayerNetwork stock =
                (MultiLayerNetwork) floatNet(Nets.Kind.MULTI_LAYER, DataType.FLOAT16, new Sgd(0.1));
        stock.fit(batch(DataType.FLOAT16));
        MultiLayerNetwork qat =
                Qat.prepare(stock.convertDataType(DataType.FLOAT), QatConfig.int8());
        qat.fit(batch(DataType.FLOAT));
        assertThat(qat.params().dataType()).isEqualTo(DataType.FLOAT);
        assertThat(qat.score()).isFinite();
        MultiLayerNetwork stripped = Qat.strip(qat).convertDataType(DataType.FLOAT16);
        assertThat(stripped.output(batch(DataType.FLOAT16).getFeatures()).dataType())
                .isEqualTo(DataType.FLOAT16);
    }
}
