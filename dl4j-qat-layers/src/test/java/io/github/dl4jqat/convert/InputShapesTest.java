package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Integer networks for examples of another shape than the training's. */
@ExtendWith(Seeds.class)
final class InputShapesTest {

    private static final int FEATURES = 5;
    private static final int STEPS = 8;
    private static final int WORDS = 11;
    private static final InputType SEQUENCE = InputType.recurrent(FEATURES, STEPS);

    private static LSTM lstm(int n) {
        return new LSTM.Builder().nOut(n).activation(Activation.TANH).build();
    }

    private static ConvolutionLayer conv(int n, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(3, 3)
                .nOut(n)
                .dataFormat(format)
                .activation(Activation.RELU)
                .build();
    }

    private static GlobalPoolingLayer average() {
        return new GlobalPoolingLayer(PoolingType.AVG);
    }

    private static MultiLayerNetwork trained(
            Random random, InputType input, List<? extends Layer> layers) {
        MultiLayerNetwork net = Exactness.network(7, DataType.FLOAT, input, layers);
        return Exactness.assertExact(
                "as trained", net, QatConfig.int8(), Exactness.data(random, DataType.FLOAT, input));
    }

    private static void assertSame(String what, INDArray actual, INDArray expected) {
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).as(what).isLessThan(1e-6);
    }

    static Stream<List<Layer>> recurrent() {
        return Stream.of(
                List.of(lstm(6), new LastTimeStep(lstm(4))),
                List.of(new LastTimeStep(new Bidirectional(Bidirectional.Mode.CONCAT, lstm(4)))),
                List.of(lstm(4), average()),
                List.of(lstm(4), new GlobalPoolingLayer(PoolingType.MAX)));
    }

    /**
     * What a sequence gives alone is what it gives in a masked batch of longer ones. (Not behind a
     * bidirectional layer that is pooled: its backward direction reads the padding, in stock
     * networks too.)
     */
    @ParameterizedTest
    @MethodSource("recurrent")
    void sequenceOfAnyLength_givesWhatItGivesMasked(List<Layer> layers, Random random) {
        MultiLayerNetwork qat = trained(random, SEQUENCE, layers);
        INDArray x = Nets.random(random, DataType.FLOAT, STEPS, FEATURES, STEPS).addi(0.3);
        INDArray mask = Nd4j.zeros(DataType.FLOAT, STEPS, STEPS);
        for (int row = 0; row < STEPS; row++) {
            for (int step = 0; step <= row; step++) {
                mask.putScalar(row, step, 1);
            }
        }
        INDArray masked = qat.output(x, false, mask, null);
        for (int row = 0; row < STEPS; row++) {
            INDArray own =
                    x.get(
                                    NDArrayIndex.interval(row, row + 1),
                                    NDArrayIndex.all(),
                                    NDArrayIndex.interval(0, row + 1))
                            .dup('c');
            try (IntegerNetwork integer = Qat.convert(qat, FEATURES, row + 1)) {
                INDArray expected =
                        masked.get(NDArrayIndex.interval(row, row + 1), NDArrayIndex.all()).dup();
                assertSame((row + 1) + " steps", integer.output(own), expected);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void imagesOfAnySize(CNN2DFormat format, Random random) {
        MultiLayerNetwork qat =
                trained(
                        random,
                        InputType.convolutional(8, 8, 2, format),
                        List.of(
                                conv(4, format),
                                new SubsamplingLayer.Builder(2, 2).dataFormat(format).build(),
                                conv(5, format),
                                average()));
        long[] shape = format == CNN2DFormat.NCHW ? new long[] {2, 15, 12} : new long[] {15, 12, 2};
        INDArray x = Nets.random(random, DataType.FLOAT, 3, shape[0], shape[1], shape[2]);
        try (IntegerNetwork integer = Qat.convert(qat, shape)) {
            assertThat(integer.model().inputs().get(0).shape())
                    .containsExactly((int) shape[0], (int) shape[1], (int) shape[2]);
            assertSame("larger", integer.output(x), qat.output(x));
        }
    }

    /** Behind a layer that changes the shape none is noted. */
    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void shapeThatNothingNotes_isAskedFor(CNN2DFormat format, Random random) {
        InputType image = InputType.convolutional(8, 8, 2, format);
        MultiLayerNetwork net =
                Exactness.network(
                        7,
                        DataType.FLOAT,
                        image,
                        List.of(
                                new ZeroPaddingLayer.Builder(1, 2).dataFormat(format).build(),
                                conv(4, format),
                                average()));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, Exactness.data(random, DataType.FLOAT, image), 2);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("Qat.convert(net, shape of an example)");
        long[] shape = format == CNN2DFormat.NCHW ? new long[] {2, 8, 8} : new long[] {8, 8, 2};
        INDArray x = Nets.random(random, DataType.FLOAT, 3, shape[0], shape[1], shape[2]);
        try (IntegerNetwork integer = Qat.convert(qat, shape)) {
            assertSame("padded", integer.output(x), qat.output(x));
        }
    }

    /** Deeplearning4j takes the time away before the layer inside can note a shape. */
    @Test
    void timeDistributedAtTheBeginning_isAskedForItsShape(Random random) {
        MultiLayerNetwork net =
                Exactness.network(
                        7,
                        DataType.FLOAT,
                        SEQUENCE,
                        List.of(
                                new TimeDistributed(
                                        new DenseLayer.Builder()
                                                .nOut(4)
                                                .activation(Activation.RELU)
                                                .build()),
                                new LastTimeStep(lstm(3))));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, Exactness.data(random, DataType.FLOAT, SEQUENCE), 2);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("Qat.convert(net, shape of an example)");
        INDArray x = Nets.random(random, DataType.FLOAT, 3, FEATURES, STEPS);
        try (IntegerNetwork integer = Qat.convert(qat, FEATURES, STEPS)) {
            assertSame("all steps", integer.output(x), qat.output(x));
        }
    }

    @Test
    void wordsOfAnyNumber(Random random) {
        EmbeddingSequenceLayer words =
                new EmbeddingSequenceLayer.Builder()
                        .nIn(WORDS)
                        .nOut(4)
                        .inferInputLength(true)
                        .build();
        MultiLayerNetwork net =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        InputType.recurrent(WORDS),
                        List.of(words, new LastTimeStep(lstm(4))));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, EmbeddingExactnessTest.indices(random, 6, STEPS), 2);
        INDArray three = Nd4j.createFromArray(new float[][] {{1, 10, 4}, {0, 2, 2}});
        try (IntegerNetwork integer = Qat.convert(qat, 3)) {
            assertSame("three words", integer.output(three), qat.output(three));
        }
    }

    /** In a graph each input may have its own shape, and keeps the training's if it is left out. */
    @Test
    void inputsOfAGraph_byName(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        GraphNets.graph("series", "row")
                                .addLayer("features", GraphNets.dense(3, Activation.TANH), "row")
                                .addVertex(
                                        "repeated",
                                        new DuplicateToTimeSeriesVertex("series"),
                                        "features")
                                .addVertex("both", new MergeVertex(), "repeated", "series")
                                .addLayer("last", new LastTimeStep(lstm(4)), "both")
                                .addLayer("out", GraphNets.classes(), "last")
                                .setOutputs("out"),
                        SEQUENCE,
                        InputType.feedForward(3));
        MultiDataSetIterator data =
                GraphNets.data(random, new long[] {4, FEATURES, STEPS}, new long[] {4, 3});
        ComputationGraph qat = GraphNets.trained(net, QatConfig.int8(), data);
        INDArray[] x = {
            GraphNets.random(random, 2, FEATURES, 3), GraphNets.random(random, 2, 3),
        };
        try (IntegerNetwork integer =
                Qat.convert(qat, Map.of("series", new long[] {FEATURES, 3}))) {
            assertThat(integer.model().tensor("repeated").shape()).containsExactly(3, 3);
            assertSame("three steps", integer.outputs(x)[0], qat.output(x)[0]);
            MultiDataSetIterator brief =
                    GraphNets.data(random, new long[] {2, FEATURES, 3}, new long[] {2, 3});
            VerificationReport report = Qat.verify(qat, integer, brief);
            assertThat(report.exact()).as("%s", report).isTrue();
        }
        assertThatThrownBy(() -> Qat.convert(qat, Map.of("rows", new long[] {3})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no input 'rows'")
                .hasMessageContaining("[series, row]");
    }

    @Test
    void layersThatOnlyFitTheTrainingsShape_areNamed(Random random) {
        InputType image = InputType.convolutional(8, 8, 2);
        MultiLayerNetwork qat =
                trained(
                        random,
                        image,
                        List.of(
                                conv(4, CNN2DFormat.NCHW),
                                new DenseLayer.Builder().name("dense").nOut(6).build()));
        assertThatThrownBy(() -> Qat.convert(qat, 2, 9, 8))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("dense");
        assertThatThrownBy(() -> Qat.convert(qat, 3, 8, 8))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("layer 0")
                .hasMessageContaining("it has weights for 2 inputs, and reads");
        assertThatThrownBy(() -> Qat.convert(qat, 128))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("layer 0")
                .hasMessageContaining("trained with examples like [2, 8, 8]");
    }

    @Test
    void preprocessorThatFixesTheShape_isNamed(Random random) {
        MultiLayerNetwork qat =
                trained(
                        random,
                        InputType.convolutionalFlat(8, 8, 2),
                        List.of(conv(4, CNN2DFormat.NCHW), average()));
        assertThatThrownBy(() -> Qat.convert(qat, 2, 9, 9))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("its preprocessor takes input 'input' as [128]")
                .hasMessageContaining("not as [2, 9, 9]");
        try (IntegerNetwork integer = Qat.convert(qat, 128)) {
            assertThat(integer.model().inputs().get(0).shape()).containsExactly(128);
        }
    }

    @Test
    void shapesThatAreNone_areRefused(Random random) {
        MultiLayerNetwork qat = trained(random, SEQUENCE, List.of(new LastTimeStep(lstm(4))));
        for (long[] shape :
                new long[][] {
                    null, {}, {5, 0}, {-5, 8}, {5, 1L << 33}, {1L << 31, 1}, {65536, 65536}
                }) {
            assertThatThrownBy(() -> Qat.convert(qat, shape))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is no shape for input 'input'");
        }
    }
}
