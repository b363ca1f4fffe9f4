package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantLSTM;
import io.github.dl4jqat.prepare.LayerRule;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.report.LevelChanges;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
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
import org.nd4j.linalg.learning.config.Adam;

/** Networks with recurrent layers and their integer networks give the same integers everywhere. */
@ExtendWith(Seeds.class)
@SuppressWarnings("deprecation") // GravesLSTM is, but networks have it
final class RecurrentExactnessTest {

    private static final int INPUTS = 5;
    private static final int STEPS = 7;
    private static final int CLASSES = 3;

    private final Random random = new Random(Seeds.current());

    private static LSTM lstm(int n) {
        return new LSTM.Builder().nOut(n).activation(Activation.TANH).build();
    }

    private static RnnOutputLayer sequenceEnd() {
        return new RnnOutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    private static OutputLayer end() {
        return new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    private static NeuralNetConfiguration.Builder settings(DataType type) {
        return new NeuralNetConfiguration.Builder().seed(5).dataType(type).updater(new Adam(1e-2));
    }

    private static MultiLayerNetwork net(DataType type, InputType input, Layer... layers) {
        return (MultiLayerNetwork)
                Nets.chain(Nets.Kind.MULTI_LAYER, settings(type), input, List.of(layers));
    }

    /** Two batches; labels for each of {@code steps} time steps, or one if there are none. */
    private DataSetIterator data(DataType type, int steps, boolean last, long... shape) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            INDArray labels = Nets.labels(random, type, 6 * Math.max(1, steps), CLASSES);
            if (steps > 0) {
                labels = labels.reshape('c', 6, steps, CLASSES);
                labels = last ? labels : labels.permute(0, 2, 1).dup('c');
            }
            batches.add(new DataSet(Nets.random(random, type, shape).addi(0.3), labels));
        }
        return new ListDataSetIterator<>(batches, 6);
    }

    private DataSetIterator sequences(int steps) {
        return data(DataType.FLOAT, steps, false, 6, INPUTS, STEPS);
    }

    private static void assertExact(
            String what, MultiLayerNetwork net, QatConfig config, DataSetIterator data) {
        PreparationPlan plan = Qat.plan(net, config);
        assertThat(plan.floatLayers()).as(what).isEmpty();
        MultiLayerNetwork qat = Qat.prepare(net, config);
        Qat.calibrate(qat, data, 2);
        assertExactNow(what + " calibrated", qat, data);
        data.reset();
        qat.fit(data);
        assertExactNow(what + " trained", qat, data);
    }

    private static void assertExactNow(String what, MultiLayerNetwork qat, DataSetIterator data) {
        data.reset();
        try (IntegerNetwork java = Qat.convert(qat).withEngine(EngineChoice.JAVA)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as("%s%n%s%s", what, java.summary(), report).isTrue();
            assertThat(report.layers()).as(what).isNotEmpty();
            assertThat(report.maxOutputDifference()).as(what).isLessThan(1e-6);
            if (java.model().requantization() == Requantization.FLOAT) {
                Exactness.assertSameOnOnnxRuntime(what, java, data);
            }
        }
    }

    private static void assertExact(String what, MultiLayerNetwork net, DataSetIterator data) {
        assertExact(what, net, QatConfig.int8(), data);
    }

    @Test
    void anLstm_andAnOutputAtEachStep() {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            for (Requantization mode : Requantization.values()) {
                assertExact(
                        type + " " + mode,
                        net(type, InputType.recurrent(INPUTS), lstm(6), sequenceEnd()),
                        QatConfig.builder().requantization(mode).build(),
                        data(type, STEPS, false, 6, INPUTS, STEPS));
            }
        }
    }

    @Test
    void everyKind_oneAfterTheOther() {
        assertExact(
                "three kinds",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        new SimpleRnn.Builder().nOut(6).activation(Activation.TANH).build(),
                        new GravesLSTM.Builder().nOut(5).activation(Activation.SOFTSIGN).build(),
                        new LSTM.Builder()
                                .nOut(4)
                                .activation(Activation.RELU)
                                .gateActivationFunction(Activation.HARDSIGMOID)
                                .build(),
                        sequenceEnd()),
                sequences(STEPS));
        assertExact(
                "fewer bits",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        new GravesLSTM.Builder().nOut(5).activation(Activation.TANH).build(),
                        lstm(6),
                        sequenceEnd()),
                QatConfig.builder()
                        .weightQuant(Quantizers.int4PerChannel())
                        .activationQuant(Quantizers.uintPerTensor(6))
                        .build(),
                sequences(STEPS));
    }

    @Test
    void aRecurrentLayerWithoutFunction_keepsWhatFollowsOutOfItsLoop() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        new SimpleRnn.Builder().nOut(6).activation(Activation.IDENTITY).build(),
                        new org.deeplearning4j.nn.conf.layers.ActivationLayer.Builder()
                                .activation(Activation.TANH)
                                .build(),
                        sequenceEnd());
        assertExact("identity", net, sequences(STEPS));
    }

    @Test
    void denseLayersBetween_workOnEachTimeStep() {
        assertExact(
                "dense between",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        lstm(6),
                        new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build(),
                        new DenseLayer.Builder().nOut(5).activation(Activation.SIGMOID).build(),
                        lstm(4),
                        sequenceEnd()),
                sequences(STEPS));
        assertExact(
                "time distributed",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        lstm(6),
                        new TimeDistributed(
                                new DenseLayer.Builder()
                                        .nOut(4)
                                        .activation(Activation.TANH)
                                        .build(),
                                RNNFormat.NCW),
                        sequenceEnd()),
                sequences(STEPS));
    }

    @Test
    void theLastStep_isEnough() {
        assertExact(
                "last step",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        lstm(6),
                        new LastTimeStep(lstm(5)),
                        new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build(),
                        end()),
                sequences(0));
        assertExact(
                "pooled",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS, STEPS),
                        new Convolution1DLayer.Builder(3)
                                .nOut(6)
                                .activation(Activation.RELU)
                                .build(),
                        lstm(6),
                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                        end()),
                sequences(0));
    }

    @Test
    void otherEnds() {
        assertExact(
                "loss layer",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        lstm(CLASSES),
                        new RnnLossLayer.Builder()
                                .activation(Activation.SIGMOID)
                                .lossFunction(
                                        org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction
                                                .XENT)
                                .build()),
                sequences(STEPS));
    }

    @Test
    void sequencesWithTheirFeaturesLast() {
        LSTM first =
                new LSTM.Builder()
                        .nOut(6)
                        .dataFormat(RNNFormat.NWC)
                        .activation(Activation.TANH)
                        .build();
        RnnOutputLayer out =
                new RnnOutputLayer.Builder()
                        .nOut(CLASSES)
                        .dataFormat(RNNFormat.NWC)
                        .activation(Activation.SOFTMAX)
                        .build();
        InputType input = InputType.recurrent(INPUTS, STEPS, RNNFormat.NWC);
        assertExact(
                "NWC",
                net(DataType.FLOAT, input, first, out),
                data(DataType.FLOAT, STEPS, true, 6, STEPS, INPUTS));
        assertExact(
                "NWC, last step",
                net(DataType.FLOAT, input, new LastTimeStep((LSTM) first.clone()), end()),
                data(DataType.FLOAT, 0, true, 6, STEPS, INPUTS));
    }

    @Test
    void singleVectorsAndImages_areSequencesOfOneStep() {
        assertExact(
                "vector",
                net(
                        DataType.FLOAT,
                        InputType.feedForward(INPUTS),
                        new DenseLayer.Builder().nOut(6).activation(Activation.RELU).build(),
                        lstm(4),
                        sequenceEnd()),
                data(DataType.FLOAT, 1, false, 6, INPUTS));
        assertExact(
                "image",
                net(
                        DataType.FLOAT,
                        InputType.convolutional(6, 5, 2),
                        new ConvolutionLayer.Builder(3, 3)
                                .nOut(4)
                                .activation(Activation.RELU)
                                .build(),
                        lstm(4),
                        sequenceEnd()),
                data(DataType.FLOAT, 1, false, 6, 2, 6, 5));
    }

    @Test
    void graphs_withTwoLayersSideBySide() {
        GraphBuilder builder =
                settings(DataType.FLOAT)
                        .graphBuilder()
                        .addInputs("in")
                        .setInputTypes(InputType.recurrent(INPUTS, STEPS))
                        .addLayer("there", lstm(4), "in")
                        .addVertex("turned", new ReverseTimeSeriesVertex(), "in")
                        .addLayer("back", lstm(3), "turned")
                        .addVertex("again", new ReverseTimeSeriesVertex(), "back")
                        .addVertex("both", new MergeVertex(), "there", "again")
                        .addLayer("more", lstm(4), "both")
                        .addVertex("last", new LastTimeStepVertex("in"), "more")
                        .addLayer("out", end(), "last")
                        .setOutputs("out");
        ComputationGraph net = new ComputationGraph(builder.build());
        net.init();
        assertThat(Qat.plan(net, QatConfig.int8()).floatLayers()).isEmpty();
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = sequences(0);
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        data.reset();
        try (IntegerNetwork java = Qat.convert(qat)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as("%s%s", java.summary(), report).isTrue();
            // Side by side on one grid.
            assertThat(java.model().tensor("there").params())
                    .isEqualTo(java.model().tensor("back").params());
        }
    }

    @Test
    void preparedNetworks_computeLikeTheFloatOnes_andGoBack() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        lstm(6),
                        new GravesLSTM.Builder().nOut(5).activation(Activation.TANH).build(),
                        new LastTimeStep(
                                new SimpleRnn.Builder()
                                        .nOut(5)
                                        .activation(Activation.TANH)
                                        .build()),
                        end());
        DataSetIterator data = sequences(0);
        net.fit(data);
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        data.reset();
        INDArray x = data.next().getFeatures();
        INDArray expected = net.output(x);
        assertThat(qat.output(x).sub(expected).amaxNumber().doubleValue()).isLessThan(0.05);
        MultiLayerNetwork stripped = Qat.strip(qat);
        assertThat(stripped.getLayer(0).conf().getLayer().getClass()).isEqualTo(LSTM.class);
        assertThat(stripped.getLayer(1).conf().getLayer().getClass()).isEqualTo(GravesLSTM.class);
        assertThat(
                        ((LastTimeStep) stripped.getLayerWiseConfigurations().getConf(2).getLayer())
                                .getUnderlying()
                                .getClass())
                .isEqualTo(SimpleRnn.class);
        INDArray rounded = stripped.output(x);
        assertThat(rounded.sub(expected).amaxNumber().doubleValue()).isBetween(1e-7, 0.05);
        INDArray rw = stripped.getParam("1_RW").dup();
        MultiLayerNetwork again = Qat.prepare(stripped, QatConfig.int8());
        Qat.calibrate(again, data, 2);
        MultiLayerNetwork second = Qat.strip(again);
        assertThat(second.getParam("1_RW").sub(rw).amaxNumber().doubleValue())
                .as("weights on their grid stay there")
                .isLessThan(1e-6);
    }

    @Test
    void plans_sayWhatStaysFloat_andWhy() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        new SimpleRnn.Builder().nOut(4).hasLayerNorm(true).build(),
                        lstm(4),
                        sequenceEnd());
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.entries().get(0).outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(plan.entries().get(0).reason()).contains("layer normalization");
        assertThat(plan.entries().get(1).twin()).isEqualTo(QuantLSTM.class);
        assertThat(plan.entries().get(1).reason()).contains("quantizes its input");
    }

    @Test
    void zerosAsMask_trainQuantized_butHaveNoIntegerForm() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        new LastTimeStep(new MaskZeroLayer(lstm(4), 0.0)),
                        end());
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = sequences(0);
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        MaskZeroLayer wrapper =
                (MaskZeroLayer)
                        ((LastTimeStep) qat.getLayerWiseConfigurations().getConf(0).getLayer())
                                .getUnderlying();
        assertThat(wrapper.getUnderlying()).isInstanceOf(QuantLSTM.class);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("LastTimeStep of MaskZeroLayer of QuantLSTM")
                .hasMessageContaining("masks time steps by their values");
    }

    @Test
    void levelChanges_seeRecurrentWeights() {
        MultiLayerNetwork net =
                Qat.prepare(
                        net(DataType.FLOAT, InputType.recurrent(INPUTS), lstm(4), sequenceEnd()),
                        QatConfig.int8());
        DataSetIterator data = sequences(STEPS);
        net.fit(data);
        LevelChanges changes = new LevelChanges(1);
        changes.look(net);
        data.reset();
        net.fit(data);
        List<LevelChanges.LayerChange> seen = changes.look(net);
        assertThat(seen.get(0).weights()).isEqualTo(INPUTS * 16L + 4 * 16L);
        assertThat(seen.get(0).changed()).isPositive();
    }

    /** Which layers a rule for all recurrent ones means. */
    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void rulesByType_reachWrappedLayers(RNNFormat format) {
        long[] shape =
                format == RNNFormat.NCW
                        ? new long[] {6, INPUTS, STEPS}
                        : new long[] {6, STEPS, INPUTS};
        LSTM inside =
                new LSTM.Builder().nOut(4).dataFormat(format).activation(Activation.TANH).build();
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS, STEPS, format),
                        new LastTimeStep(inside),
                        end());
        QatConfig config =
                QatConfig.builder().type(BaseRecurrentLayer.class, LayerRule.weightBits(4)).build();
        MultiLayerNetwork qat = Qat.prepare(net, config);
        QuantLSTM twin =
                (QuantLSTM)
                        ((LastTimeStep) qat.getLayerWiseConfigurations().getConf(0).getLayer())
                                .getUnderlying();
        assertThat(twin.getQuantization().weight().spec()).isEqualTo(Quantizers.int4PerChannel());
        assertThat(twin.getRnnDataFormat()).isEqualTo(format);
        DataSetIterator data = data(DataType.FLOAT, 0, false, shape);
        Qat.calibrate(qat, data, 2);
        data.reset();
        assertExactNow(format.name(), qat, data);
    }
}
