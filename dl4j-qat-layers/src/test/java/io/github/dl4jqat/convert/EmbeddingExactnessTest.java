package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantEmbeddingLayer;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** Networks that begin with an embedding, on both engines. */
@ExtendWith(Seeds.class)
class EmbeddingExactnessTest {

    private static final int ROWS = 11;
    private static final int STEPS = 5;
    private static final int EXAMPLES = 6;
    private static final QatConfig CONFIG = QatConfig.builder().strict(true).build();

    static DataSetIterator indices(Random random, long... shape) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            INDArray x = Nd4j.zeros(DataType.FLOAT, shape);
            for (int at = 0; at < x.length(); at++) {
                x.putScalar(at, random.nextInt(ROWS));
            }
            batches.add(
                    new DataSet(
                            x, Nets.labels(random, DataType.FLOAT, EXAMPLES, Exactness.CLASSES)));
        }
        return new ExistingDataSetIterator(batches);
    }

    private static EmbeddingSequenceLayer sequence(RNNFormat format, Activation f) {
        return new EmbeddingSequenceLayer.Builder()
                .nIn(ROWS)
                .nOut(4)
                .inputLength(STEPS)
                .hasBias(f != Activation.IDENTITY)
                .outputDataFormat(format)
                .activation(f)
                .build();
    }

    private static Layer mean(RNNFormat format) {
        GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
        pool.setPoolingDimensions(new int[] {format == RNNFormat.NCW ? 2 : 1});
        return pool;
    }

    private static MultiLayerNetwork single(Activation f) {
        return Exactness.network(
                3,
                DataType.FLOAT,
                InputType.feedForward(ROWS),
                List.of(
                        new EmbeddingLayer.Builder()
                                .nIn(ROWS)
                                .nOut(6)
                                .hasBias(true)
                                .activation(f)
                                .build(),
                        new DenseLayer.Builder().nOut(5).activation(Activation.RELU).build()));
    }

    @ParameterizedTest
    @EnumSource(
            value = Activation.class,
            names = {"IDENTITY", "TANH", "RELU"})
    void rows_areExact(Activation f, Random random) {
        DataSetIterator data = indices(random, EXAMPLES, 1);
        for (Requantization mode : Requantization.values()) {
            QatConfig config = QatConfig.builder().strict(true).requantization(mode).build();
            Exactness.assertExact("rows " + f + " " + mode, single(f), config, data);
            data.reset();
        }
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void sequences_areExact(RNNFormat format, Random random) {
        MultiLayerNetwork net =
                Exactness.network(
                        4,
                        DataType.FLOAT,
                        InputType.recurrent(ROWS, STEPS, format),
                        List.of(
                                sequence(format, Activation.TANH),
                                new Convolution1DLayer.Builder(2)
                                        .nOut(3)
                                        .rnnDataFormat(format)
                                        .activation(Activation.RELU)
                                        .build(),
                                mean(format)));
        Exactness.assertExact("sequences " + format, net, CONFIG, indices(random, EXAMPLES, STEPS));
    }

    @Test
    void sequencesReadByAnLstm_areExact(Random random) {
        MultiLayerNetwork net =
                Exactness.network(
                        4,
                        DataType.FLOAT,
                        InputType.recurrent(ROWS, STEPS),
                        List.of(
                                sequence(RNNFormat.NCW, Activation.IDENTITY),
                                new LSTM.Builder().nOut(3).build(),
                                mean(RNNFormat.NCW)));
        // Not in the mode that ONNX Runtime is asked for too, which has no such recurrent layer.
        QatConfig config =
                QatConfig.builder().strict(true).requantization(Requantization.FIXED_POINT).build();
        Exactness.assertExact("LSTM", net, config, indices(random, EXAMPLES, 1, STEPS));
    }

    @Test
    void theModelReadsIndices_andRefusesOthers(Random random) {
        DataSetIterator data = indices(random, EXAMPLES, 1);
        MultiLayerNetwork qat = Qat.prepare(single(Activation.IDENTITY), CONFIG);
        Qat.calibrate(qat, data, 2);
        assertThat(qat.getLayer(0).conf().getLayer()).isInstanceOf(QuantEmbeddingLayer.class);
        try (IntegerNetwork integer = Qat.convert(qat).withEngine(EngineChoice.JAVA)) {
            assertThat(integer.summary()).contains("Embedding");
            assertThatThrownBy(() -> integer.output(Nd4j.createFromArray(new float[][] {{ROWS}})))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is not within 0.." + (ROWS - 1));
        }
    }

    @Test
    void strippedNetworks_areStock(Random random) {
        DataSetIterator data = indices(random, EXAMPLES, 1);
        MultiLayerNetwork qat = Qat.prepare(single(Activation.TANH), CONFIG);
        Qat.calibrate(qat, data, 2);
        MultiLayerNetwork stock = Qat.strip(qat);
        assertThat(stock.getLayer(0).conf().getLayer().getClass()).isEqualTo(EmbeddingLayer.class);
        assertThat(stock.getLayer(0).getParam("W")).isEqualTo(qat.getLayer(0).getParam("W"));
    }

    @Test
    void tablesOfOneFunctionForAWholeRow_areRefused() {
        MultiLayerNetwork net = single(Activation.SOFTMAX);
        assertThat(Qat.plan(net, QatConfig.int8()).toString()).contains("not elementwise");
    }

    @Test
    void indicesThatALayerComputes_areRefused(Random random) {
        MultiLayerNetwork net =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        InputType.feedForward(2),
                        List.of(
                                // What a sigmoid gives is an index of the first row.
                                new DenseLayer.Builder()
                                        .nOut(1)
                                        .activation(Activation.SIGMOID)
                                        .build(),
                                new EmbeddingLayer.Builder().nIn(ROWS).nOut(4).build()));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = Exactness.data(random, DataType.FLOAT, InputType.feedForward(2));
        Qat.calibrate(qat, data, 1);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("indices");
    }
}
