package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.preprocessors.KerasFlattenRnnPreprocessor;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Preprocessors that reshape and permute arrays whatever their axes mean. */
@ExtendWith(Seeds.class)
class ArrayPreProcessorTest {

    private static final int EXAMPLES = 6;
    private static final int CLASSES = 3;

    /** A layer, and what happens to its input first, or null. */
    private record Step(Layer layer, InputPreProcessor before) {}

    private static Step step(Layer layer) {
        return new Step(layer, null);
    }

    private static Step step(Layer layer, InputPreProcessor before) {
        return new Step(layer, before);
    }

    private static ConvolutionLayer image(int in, int out, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(3, 3)
                .nIn(in)
                .nOut(out)
                .convolutionMode(ConvolutionMode.Same)
                .dataFormat(format)
                .activation(Activation.RELU)
                .build();
    }

    private static Convolution1DLayer sequence(int in, int out, RNNFormat format) {
        return new Convolution1DLayer.Builder(3)
                .nIn(in)
                .nOut(out)
                .convolutionMode(ConvolutionMode.Same)
                .rnnDataFormat(format)
                .activation(Activation.LEAKYRELU)
                .build();
    }

    private static DenseLayer dense(int in, int out) {
        return new DenseLayer.Builder().nIn(in).nOut(out).activation(Activation.RELU).build();
    }

    private static OutputLayer output(int in) {
        return new OutputLayer.Builder()
                .nIn(in)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static ReshapePreprocessor reshape(long[] from, long... to) {
        return new ReshapePreprocessor(from, to, false);
    }

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(5).biasInit(0.1).updater(new Adam(1e-2));
    }

    private static MultiLayerNetwork list(Step... steps) {
        NeuralNetConfiguration.ListBuilder list = settings().list();
        for (int i = 0; i < steps.length; i++) {
            list.layer(i, steps[i].layer());
            if (steps[i].before() != null) {
                list.inputPreProcessor(i, steps[i].before());
            }
        }
        MultiLayerNetwork net = new MultiLayerNetwork(list.build());
        net.init();
        return net;
    }

    /** The same layers with the preprocessors as vertices, which is how Keras import has them. */
    private static ComputationGraph graph(Step... steps) {
        var graph = settings().graphBuilder().addInputs("in");
        String last = "in";
        for (int i = 0; i < steps.length; i++) {
            if (steps[i].before() != null) {
                graph.addVertex("move" + i, new PreprocessorVertex(steps[i].before()), last);
                last = "move" + i;
            }
            graph.addLayer("layer" + i, steps[i].layer(), last);
            last = "layer" + i;
        }
        ComputationGraph net = new ComputationGraph(graph.setOutputs(last).build());
        net.init();
        return net;
    }

    private static DataSetIterator data(Random random, long... example) {
        long[] shape = new long[example.length + 1];
        shape[0] = EXAMPLES;
        System.arraycopy(example, 0, shape, 1, example.length);
        DataSet batch =
                new DataSet(
                        Nets.random(random, DataType.FLOAT, shape),
                        Nets.labels(random, DataType.FLOAT, EXAMPLES, CLASSES));
        return new ListDataSetIterator<>(List.of(batch, batch), EXAMPLES);
    }

    private static void assertExact(String what, ComputationGraph net, DataSetIterator data) {
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        try (IntegerNetwork java = Qat.convert(qat).withEngine(EngineChoice.JAVA);
                IntegerNetwork onnx = java.withEngine(EngineChoice.ONNX_RUNTIME)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as("%s%n%s%s", what, java.summary(), report).isTrue();
            INDArray x = data.next().getFeatures();
            assertThat(java.output(x)).as(what).isEqualTo(onnx.output(x));
        }
    }

    private static void assertExactBothWays(DataSetIterator data, Step... steps) {
        Exactness.assertExact("list", list(steps), QatConfig.int8(), data);
        assertExact("graph", graph(steps), data);
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void vectorBecomesAnImage(CNN2DFormat format, Random random) {
        boolean last = format == CNN2DFormat.NHWC;
        long[] shape = last ? new long[] {4, 5, 2} : new long[] {2, 4, 5};
        assertExactBothWays(
                data(random, 40),
                step(image(2, 3, format), reshape(new long[] {40}, shape)),
                step(output(60), new CnnToFeedForwardPreProcessor(4, 5, 3, format)));
    }

    @Test
    void imageBecomesASequence_andASequenceAnImage(Random random) {
        // Rows of pixels become time steps; then their halves become channels.
        assertExactBothWays(
                data(random, 40),
                step(image(2, 3, CNN2DFormat.NHWC), reshape(new long[] {40}, 4, 5, 2)),
                step(sequence(3, 4, RNNFormat.NWC), reshape(new long[] {4, 5, 3}, 20, 3)),
                step(image(8, 2, CNN2DFormat.NHWC), reshape(new long[] {20, 4}, 2, 5, 8)),
                step(output(20), new CnnToFeedForwardPreProcessor(2, 5, 2, CNN2DFormat.NHWC)));
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void sequenceIsFlattenedAsItLies(RNNFormat format, Random random) {
        boolean last = format == RNNFormat.NWC;
        assertExactBothWays(
                last ? data(random, 7, 2) : data(random, 2, 7),
                step(sequence(2, 3, format)),
                step(
                        dense(21, 6),
                        last
                                ? new KerasFlattenRnnPreprocessor(7, 3)
                                : new KerasFlattenRnnPreprocessor(3, 7)),
                step(output(6)));
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void sequenceIsTransposed(RNNFormat format, Random random) {
        boolean last = format == RNNFormat.NWC;
        assertExactBothWays(
                last ? data(random, 5, 2) : data(random, 2, 5),
                step(sequence(2, 3, format)),
                step(sequence(5, 4, format), new PermutePreprocessor(2, 1)),
                step(
                        output(12),
                        last
                                ? new KerasFlattenRnnPreprocessor(3, 4)
                                : new KerasFlattenRnnPreprocessor(4, 3)));
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void axesOfAnImageAreExchanged(CNN2DFormat format, Random random) {
        boolean last = format == CNN2DFormat.NHWC;
        // NHWC: [4, 5, 3] becomes [4, 3, 5]; NCHW: [3, 4, 5] becomes [3, 5, 4].
        assertExactBothWays(
                last ? data(random, 4, 5, 2) : data(random, 2, 4, 5),
                step(image(2, 3, format)),
                step(image(last ? 5 : 3, 2, format), new PermutePreprocessor(1, 3, 2)),
                step(
                        output(last ? 24 : 40),
                        last
                                ? new CnnToFeedForwardPreProcessor(4, 3, 2, format)
                                : new CnnToFeedForwardPreProcessor(5, 4, 2, format)));
    }

    @Test
    void layersThatTreatAllNumbersAlike_comeBetween(Random random) {
        assertExactBothWays(
                data(random, 40),
                step(new ActivationLayer(Activation.TANH), reshape(new long[] {40}, 4, 5, 2)),
                step(image(2, 3, CNN2DFormat.NHWC)),
                step(new ActivationLayer(Activation.TANH)),
                step(output(60), new CnnToFeedForwardPreProcessor(4, 5, 3, CNN2DFormat.NHWC)));
    }

    @Test
    void gridGoesThrough() {
        Step[] steps = {
            step(sequence(2, 3, RNNFormat.NWC)),
            step(dense(21, 6), new KerasFlattenRnnPreprocessor(7, 3)),
            step(output(6))
        };
        PreparationPlan plan = Qat.plan(graph(steps), QatConfig.int8());
        assertThat(plan.entries())
                .filteredOn(e -> e.node().name().equals("move1"))
                .allMatch(e -> e.outcome() == Outcome.PASSED_THROUGH)
                .hasSize(1);
        assertThat(plan.entries())
                .filteredOn(e -> e.node().name().equals("layer1"))
                .allMatch(e -> !e.reason().contains("quantizes its input"));
    }

    @Test
    void imageReshapedBeforeAnythingElse_needsAQuantizer(Random random) {
        Step first = step(image(1, 3, CNN2DFormat.NHWC), reshape(new long[] {4, 5, 2}, 8, 5, 1));
        Step last = step(output(120), new CnnToFeedForwardPreProcessor(8, 5, 3, CNN2DFormat.NHWC));
        DataSetIterator data = data(random, 4, 5, 2);
        MultiLayerNetwork qat = Qat.prepare(list(first, last), QatConfig.int8());
        Qat.calibrate(qat, data, 1);

        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("the shape of input 'input' is not known here")
                .hasMessageContaining("FakeQuantLayer");

        // Qat.prepare puts one into a graph by itself.
        assertExact("graph", graph(first, last), data);
    }

    @Test
    void permutationOfSomeAxes_isRefused(Random random) {
        MultiLayerNetwork qat =
                Qat.prepare(
                        list(
                                step(sequence(2, 3, RNNFormat.NCW)),
                                step(
                                        sequence(3, 2, RNNFormat.NCW),
                                        new PermutePreprocessor(0, 1, 2)),
                                step(output(10), new KerasFlattenRnnPreprocessor(2, 5))),
                        QatConfig.int8());
        Qat.calibrate(qat, data(random, 2, 5), 1);
        // With the batch as axis 0 this one is complete, and moves nothing.
        Exactness.assertExact("identity", qat, data(random, 2, 5));
        PermutePreprocessor wrong = new PermutePreprocessor(1, 1);
        qat.getLayerWiseConfigurations().getInputPreProcessors().put(1, wrong);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("permutes the axes [1, 1] of an example with 2 axes");
    }

    /** What Keras import made before its images could have their channels last. */
    private static final class HeightFirst extends CnnToFeedForwardPreProcessor {
        private static final long serialVersionUID = 1L;

        HeightFirst() {
            super(4, 5, 3);
        }
    }

    @Test
    void otherWaysToFlatten_areRefused(Random random) {
        MultiLayerNetwork qat =
                Qat.prepare(
                        list(
                                step(image(2, 3, CNN2DFormat.NCHW)),
                                step(output(60), new CnnToFeedForwardPreProcessor(4, 5, 3))),
                        QatConfig.int8());
        Qat.calibrate(qat, data(random, 2, 4, 5), 1);
        qat.getLayerWiseConfigurations().getInputPreProcessors().put(1, new HeightFirst());
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("its preprocessor HeightFirst has no integer form");
    }
}
