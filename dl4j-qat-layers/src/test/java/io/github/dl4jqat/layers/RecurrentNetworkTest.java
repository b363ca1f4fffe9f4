package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.kernels.LstmCell;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Recurrent layers in networks, with quantization on. */
@ExtendWith(Seeds.class)
final class RecurrentNetworkTest {

    private static final LayerWorkspaceMgr NONE = LayerWorkspaceMgr.noWorkspaces();
    private static final int INPUTS = 3;
    private static final int UNITS = 6;
    private static final int STEPS = 8;
    private static final int CLASSES = 2;

    /** Which layer. */
    enum Sort {
        SIMPLE,
        LSTM,
        GRAVES;

        @SuppressWarnings("deprecation") // Deeplearning4j would rather have LSTM
        Layer layer(LayerQuantization q) {
            return switch (this) {
                case SIMPLE ->
                        QuantSimpleRnn.of(
                                new SimpleRnn.Builder()
                                        .name("rnn")
                                        .nOut(UNITS)
                                        .activation(Activation.TANH)
                                        .build(),
                                q);
                case LSTM ->
                        QuantLSTM.of(
                                new LSTM.Builder()
                                        .name("rnn")
                                        .nOut(UNITS)
                                        .activation(Activation.TANH)
                                        .build(),
                                q);
                case GRAVES ->
                        QuantGravesLSTM.of(
                                new GravesLSTM.Builder()
                                        .name("rnn")
                                        .nOut(UNITS)
                                        .activation(Activation.TANH)
                                        .build(),
                                q);
            };
        }
    }

    private final Random random = new Random(Seeds.current());

    private static LayerQuantization int8() {
        return LayerQuantization.int8()
                .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    private static RnnOutputLayer end() {
        return new RnnOutputLayer.Builder()
                .name("out")
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static NeuralNetConfiguration.Builder settings(DataType type) {
        return new NeuralNetConfiguration.Builder().seed(7).dataType(type).updater(new Sgd(0.1));
    }

    private static MultiLayerNetwork net(DataType type, Layer... layers) {
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        settings(type),
                        InputType.recurrent(INPUTS),
                        List.of(layers));
    }

    private DataSet batch(DataType type, int examples, int steps) {
        INDArray labels =
                Nets.labels(random, type, examples * steps, CLASSES)
                        .reshape('c', examples, steps, CLASSES)
                        .permute(0, 2, 1)
                        .dup('c');
        return new DataSet(Nets.random(random, type, examples, INPUTS, steps), labels);
    }

    private static INDArray part(INDArray x, int from, int to) {
        return x.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(from, to)).dup();
    }

    private MultiLayerNetwork trained(Sort sort, DataType type, LayerQuantization q) {
        MultiLayerNetwork net = net(type, sort.layer(q), end());
        for (int i = 0; i < 3; i++) {
            net.fit(batch(type, 7, STEPS));
        }
        return net;
    }

    private static QuantizedRecurrentLayer running(MultiLayerNetwork net) {
        return (QuantizedRecurrentLayer) net.getLayer(0);
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void evaluation_isTheIntegerCell_toTheLastBit(Sort sort) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            for (Requantization mode : Requantization.values()) {
                MultiLayerNetwork net = trained(sort, type, int8().withRequantization(mode));
                RecurrentCell cell = running(net).integerCell();
                assertThat(cell.mode()).isEqualTo(mode);
                INDArray x = batch(type, 4, STEPS).getFeatures().muli(1.2);
                INDArray y = net.feedForward(x, false).get(1).dup('c');
                for (int e = 0; e < 4; e++) {
                    int[][] q = new int[INPUTS][STEPS];
                    for (int i = 0; i < INPUTS; i++) {
                        for (int t = 0; t < STEPS; t++) {
                            q[i][t] = cell.input().quantize(x.getFloat(e, i, t), 0);
                        }
                    }
                    int[][] expected = io.github.dl4jqat.kernels.NaiveCells.run(cell, q, null);
                    for (int u = 0; u < UNITS; u++) {
                        for (int t = 0; t < STEPS; t++) {
                            double step = y.getDouble(e, u, t) / cell.output().scale();
                            int integer = (int) Math.rint(step) + cell.output().zeroPoint();
                            assertThat(integer).isEqualTo(expected[u][t]);
                            assertThat(y.getFloat(e, u, t))
                                    .isEqualTo(cell.output().dequantize(integer, 0));
                        }
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void training_computesNearlyWhatEvaluationDoes(Sort sort) {
        MultiLayerNetwork net = trained(sort, DataType.FLOAT, int8().withFreezeRangesAfter(3));
        INDArray x = batch(DataType.FLOAT, 20, STEPS).getFeatures();
        INDArray evaluated = net.feedForward(x, false).get(1).dup();
        INDArray training = net.feedForward(x, true).get(1).dup();
        float step = running(net).outputParams().scale();
        INDArray differences = Transforms.abs(evaluated.sub(training)).div(step);
        assertThat(differences.maxNumber().doubleValue()).isLessThan(2.5);
        assertThat(differences.gt(0.5).castTo(DataType.FLOAT).meanNumber().doubleValue())
                .as("share of integers that differ")
                .isLessThan(0.05);
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void timeSteps_areTheSequence_bitForBit(Sort sort) {
        for (LayerQuantization q : new LayerQuantization[] {int8(), int8().withWeight(null)}) {
            MultiLayerNetwork net = trained(sort, DataType.FLOAT, q);
            INDArray x = batch(DataType.FLOAT, 3, STEPS).getFeatures();
            INDArray whole = net.output(x).dup();
            MultiLayerNetwork other = net.clone();
            for (int t = 0; t < STEPS; ) {
                int to = Math.min(STEPS, t + 1 + t % 3);
                INDArray y = net.rnnTimeStep(part(x, t, to));
                INDArray expected = part(whole, t, to);
                if (q.weight() != null) {
                    assertThat(Nets.bits(y)).isEqualTo(Nets.bits(expected));
                } else {
                    assertThat(y.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-5);
                }
                // Another network goes on from the state of the first one.
                other.rnnSetPreviousState(0, net.rnnGetPreviousState(0));
                t = to;
            }
            net.rnnClearPreviousState();
            INDArray again = net.rnnTimeStep(part(x, 0, 1));
            assertThat(Nets.bits(again))
                    .isEqualTo(Nets.bits(net.clone().rnnTimeStep(part(x, 0, 1))));
            net.rnnClearPreviousState();
            net.rnnTimeStep(part(x, 0, 5));
            other.rnnClearPreviousState();
            other.rnnSetPreviousState(0, net.rnnGetPreviousState(0));
            assertThat(Nets.bits(other.rnnTimeStep(part(x, 5, STEPS))))
                    .isEqualTo(Nets.bits(net.rnnTimeStep(part(x, 5, STEPS))));
        }
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void aStateForAnotherBatch_isRefused(Sort sort) {
        MultiLayerNetwork net = trained(sort, DataType.FLOAT, int8());
        net.rnnTimeStep(batch(DataType.FLOAT, 3, 1).getFeatures());
        assertThatThrownBy(() -> net.rnnTimeStep(batch(DataType.FLOAT, 4, 1).getFeatures()))
                .hasMessageContaining("3 examples")
                .hasMessageContaining("rnnClearPreviousState()");
        assertThatThrownBy(
                        () -> net.getLayer(0).activate(Nd4j.zeros(2, INPUTS + 1, 3), false, NONE))
                .hasMessageContaining("[batch, 3, time]")
                .hasMessageContaining("[2, 4, 3]");
    }

    /** The examples end at different times; the last output of each must not see the padding. */
    @ParameterizedTest
    @EnumSource(Sort.class)
    void sequencesOfAnyLength_giveWhatTheyGiveAlone(Sort sort) {
        Layer last = new LastTimeStep(sort.layer(int8()));
        last.setLayerName("rnn");
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        last,
                        new org.deeplearning4j.nn.conf.layers.OutputLayer.Builder()
                                .name("out")
                                .nOut(CLASSES)
                                .activation(Activation.SOFTMAX)
                                .build());
        int[] lengths = {8, 3, 5, 1};
        INDArray mask = Nd4j.zeros(4, STEPS);
        for (int e = 0; e < 4; e++) {
            for (int t = 0; t < lengths[e]; t++) {
                mask.putScalar(e, t, 1);
            }
        }
        INDArray x = batch(DataType.FLOAT, 4, STEPS).getFeatures();
        // The input's own range looks at the padding too; these two set it.
        x.putScalar(new int[] {0, 0, 0}, 1.5);
        x.putScalar(new int[] {0, 1, 1}, -1.5);
        DataSet data = new DataSet(x, Nets.labels(random, DataType.FLOAT, 4, CLASSES), mask, null);
        for (int i = 0; i < 3; i++) {
            net.fit(data);
        }
        INDArray together = net.output(x, false, mask, null).dup();
        for (int e = 0; e < 4; e++) {
            INDArray alone = Nd4j.expandDims(x.slice(e), 0).dup();
            INDArray y = net.output(part(alone, 0, lengths[e]));
            assertThat(Nets.bits(y)).isEqualTo(Nets.bits(together.getRow(e, true)));
        }
        // Whatever stands in the padding, nothing learns from it.
        MultiLayerNetwork other = net.clone();
        INDArray garbage = x.dup();
        for (int e = 0; e < 4; e++) {
            for (int t = lengths[e]; t < STEPS; t++) {
                for (int i = 0; i < INPUTS; i++) {
                    garbage.putScalar(new int[] {e, i, t}, x.getFloat(e, i, t) * -0.7f);
                }
            }
        }
        net.fit(data);
        other.fit(new DataSet(garbage, data.getLabels(), mask, null));
        net.paramTable()
                .forEach(
                        (key, p) -> {
                            assertThat(other.getParam(key)).as(key).isEqualTo(p);
                        });
    }

    /**
     * The last segment's gradient, with the state it starts from held fast. Deeplearning4j's own
     * layers compute it from a state of zero.
     */
    @ParameterizedTest
    @EnumSource(Sort.class)
    void truncatedBackpropagation_startsFromTheStateItCameFrom(Sort sort) {
        // A rate so small that nothing moves; the update is all that is left of the gradient.
        double rate = 1e-9;
        MultiLayerNetwork net =
                truncated(DataType.DOUBLE, sort.layer(LayerQuantization.OFF), new Sgd(rate));
        DataSet data = batch(DataType.DOUBLE, 5, STEPS);
        net.fit(data);
        INDArray gradient = net.gradient().getGradientFor("0_RW").div(rate);
        net.rnnTimeStep(part(data.getFeatures(), 0, 6));
        Map<String, INDArray> state = net.rnnGetPreviousState(0);
        INDArray weights = net.getParam("0_RW");
        double h = 1e-6;
        for (int k = 0; k < 20; k++) {
            long row = random.nextInt((int) weights.size(0));
            long column = random.nextInt((int) weights.size(1));
            double before = weights.getDouble(row, column);
            weights.putScalar(row, column, before + h);
            double up = lossOfLastSegment(net, state, data);
            weights.putScalar(row, column, before - h);
            double down = lossOfLastSegment(net, state, data);
            weights.putScalar(row, column, before);
            assertThat(gradient.getDouble(row, column))
                    .isCloseTo((up - down) / (2 * h), org.assertj.core.data.Offset.offset(1e-7));
        }
    }

    private static double lossOfLastSegment(
            MultiLayerNetwork net, Map<String, INDArray> state, DataSet data) {
        RecurrentLayer layer = (RecurrentLayer) net.getLayer(0);
        layer.rnnSetTBPTTState(state);
        INDArray y =
                layer.rnnActivateUsingStoredState(
                        part(data.getFeatures(), 6, STEPS), true, false, NONE);
        IOutputLayer end = (IOutputLayer) net.getOutputLayer();
        end.setInput(y, NONE);
        end.setInputMiniBatchSize(5);
        end.setLabels(part(data.getLabels(), 6, STEPS));
        return end.computeScore(0, true, NONE);
    }

    private static MultiLayerNetwork truncated(DataType type, Layer layer, Sgd updater) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        settings(type)
                                .updater(updater)
                                .list()
                                .layer(layer)
                                .layer(end())
                                .setInputType(InputType.recurrent(INPUTS))
                                .backpropType(BackpropType.TruncatedBPTT)
                                .tBPTTForwardLength(3)
                                .tBPTTBackwardLength(3)
                                .build());
        net.init();
        return net;
    }

    /** Segment by segment, and with the states of all of them, the ranges see all of the data. */
    @ParameterizedTest
    @EnumSource(Sort.class)
    void truncatedBackpropagation_trains(Sort sort) {
        MultiLayerNetwork net = truncated(DataType.FLOAT, sort.layer(int8()), new Sgd(0.1));
        DataSet data = batch(DataType.FLOAT, 6, STEPS);
        net.fit(data);
        double first = net.score(data);
        for (int i = 0; i < 30; i++) {
            net.fit(data);
        }
        assertThat(net.score(data)).isLessThan(first);
        assertThat(net.rnnGetPreviousState(0)).isNullOrEmpty();
        assertThat(net.getParam("0_outputRange").getFloat(2)).isEqualTo(31 * 3);
    }

    @Test
    void aGateColumn_movesNoScaleButItsOwn() {
        MultiLayerNetwork net = trained(Sort.LSTM, DataType.FLOAT, int8());
        LstmCell before = (LstmCell) running(net).integerCell();
        int column = 2 * UNITS + 1;
        for (String key : new String[] {"0_W", "0_RW"}) {
            net.getParam(key).getColumn(column).muli(0.5f);
        }
        LstmCell after = (LstmCell) running(net).integerCell();
        for (int c = 0; c < 4 * UNITS; c++) {
            float factor = c == column ? 0.5f : 1;
            assertThat(after.weights().params().scale(c))
                    .isEqualTo(before.weights().params().scale(c) * factor);
            assertThat(after.recurrent().params().scale(c))
                    .isEqualTo(before.recurrent().params().scale(c) * factor);
        }
        assertThat(after.weights().values()).isEqualTo(before.weights().values());
        assertThat(after.recurrent().values()).isEqualTo(before.recurrent().values());
        assertThat(after.weights().params().size()).isEqualTo(4 * UNITS);

        MultiLayerNetwork perTensor =
                trained(
                        Sort.LSTM,
                        DataType.FLOAT,
                        int8().withWeight(TensorQuantization.weight(Quantizers.int8PerTensor())));
        assertThat(running(perTensor).integerCell().weights().params().size()).isOne();
        assertThat(running(perTensor).integerCell().recurrent().params().size()).isOne();
    }

    @Test
    void peepholes_have16BitsAndOneScale() {
        MultiLayerNetwork net = trained(Sort.GRAVES, DataType.FLOAT, int8());
        LstmCell cell = (LstmCell) running(net).integerCell();
        INDArray columns = net.getParam("0_RW").dup();
        assertThat(columns.shape()).containsExactly(UNITS, 4 * UNITS + 3);
        for (int row = 0; row < 3; row++) {
            for (int u = 0; u < UNITS; u++) {
                float real = columns.getFloat(u, 4 * UNITS + row);
                int integer = cell.peepholes().values()[row * UNITS + u];
                assertThat(cell.peepholes().params().dequantize(integer, 0))
                        .isCloseTo(real, org.assertj.core.data.Offset.offset(1e-4f));
            }
        }
        for (int u = 0; u < UNITS; u++) {
            for (int c = 0; c < 4 * UNITS; c++) {
                int integer = cell.recurrent().values()[c * UNITS + u];
                assertThat(cell.recurrent().params().dequantize(integer, c))
                        .isCloseTo(
                                columns.getFloat(u, c), org.assertj.core.data.Offset.offset(0.01f));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void learnedSteps_areLearned_forBothWeights(Sort sort) {
        LayerQuantization q =
                int8().withWeight(
                                TensorQuantization.weight(Quantizers.int4PerChannel())
                                        .withEstimator(GradientEstimators.lsq()))
                        .withOutput(
                                TensorQuantization.activation(
                                                Quantizers.int8AffinePerTensor().withBits(8))
                                        .withEstimator(GradientEstimators.lsqPlus()));
        MultiLayerNetwork net = net(DataType.FLOAT, sort.layer(q), end());
        net.fit(batch(DataType.FLOAT, 6, STEPS));
        int gates = sort == Sort.SIMPLE ? 1 : 4;
        Map<String, INDArray> table = net.getLayer(0).paramTable();
        assertThat(table).containsKeys("weightScale", "recurrentScale", "outputScale");
        assertThat(table.get("weightScale").length()).isEqualTo((long) gates * UNITS);
        assertThat(table.get("recurrentScale").length()).isEqualTo((long) gates * UNITS);
        Map<String, INDArray> before = new java.util.HashMap<>();
        table.forEach((k, v) -> before.put(k, v.dup()));
        for (int i = 0; i < 3; i++) {
            net.fit(batch(DataType.FLOAT, 6, STEPS));
        }
        for (String key : new String[] {"weightScale", "recurrentScale", "outputScale"}) {
            assertThat(table.get(key)).as(key).isNotEqualTo(before.get(key));
            assertThat(table.get(key).minNumber().doubleValue()).isPositive();
        }
        RecurrentCell cell = running(net).integerCell();
        assertThat(cell.weights().params().scale(0))
                .isEqualTo(table.get("weightScale").getFloat(0));
        assertThat(cell.output().scale()).isEqualTo(table.get("outputScale").getFloat(0));
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void weightsFreeze_oneByOne_inBothMatrices(Sort sort) {
        LayerQuantization q =
                int8().withSchedule(
                                QatSchedule.iterations()
                                        .with(
                                                new QatSchedule.Ramp(
                                                        Knob.PORTION,
                                                        QatSchedule.Curve.LINEAR,
                                                        List.of(
                                                                new QatSchedule.Point(0, 0.5),
                                                                new QatSchedule.Point(4, 1)))));
        MultiLayerNetwork net = net(DataType.FLOAT, sort.layer(q), end());
        for (int i = 0; i < 6; i++) {
            net.fit(batch(DataType.FLOAT, 6, STEPS));
        }
        Map<String, INDArray> table = net.getLayer(0).paramTable();
        for (String key : new String[] {"weightFrozen", "recurrentFrozen"}) {
            assertThat(table.get(key).minNumber().doubleValue()).as(key).isEqualTo(1);
        }
        INDArray w = table.get("W").dup();
        INDArray rw = table.get("RW").dup();
        net.fit(batch(DataType.FLOAT, 6, STEPS));
        assertThat(table.get("W")).isEqualTo(w);
        int columns = (sort == Sort.SIMPLE ? 1 : 4) * UNITS;
        assertThat(table.get("RW").dup().get(NDArrayIndex.all(), NDArrayIndex.interval(0, columns)))
                .isEqualTo(rw.get(NDArrayIndex.all(), NDArrayIndex.interval(0, columns)));
        if (sort == Sort.GRAVES) {
            assertThat(table.get("RW")).as("peepholes train on").isNotEqualTo(rw);
        }
        Map<String, INDArray> counted =
                net(
                                DataType.FLOAT,
                                sort.layer(int8().withOscillation(OscillationControl.track())),
                                end())
                        .getLayer(0)
                        .paramTable();
        assertThat(counted).containsKeys("weightOscillation", "recurrentOscillation");
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void withoutAllItsParts_thereIsNoCell_andAMessageThatSaysWhich(Sort sort) {
        MultiLayerNetwork fresh = net(DataType.FLOAT, sort.layer(int8()), end());
        assertThatThrownBy(() -> running(fresh).integerCell())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("output null");
        MultiLayerNetwork floats = trained(sort, DataType.FLOAT, int8().withWeight(null));
        assertThatThrownBy(() -> running(floats).integerCell())
                .hasMessageContaining("weights null");
        assertThat(running(floats).weightLevels()).isNull();
        MultiLayerNetwork broken = trained(sort, DataType.FLOAT, int8());
        broken.getParam("0_RW").putScalar(0, 0, Double.NaN);
        assertThatThrownBy(() -> running(broken).integerCell()).hasMessageContaining("diverged");
    }

    @Test
    void whatIsInside_isWideAndSymmetric() {
        LayerQuantization q =
                QuantLSTM.of(new LSTM.Builder().nOut(1).build(), LayerQuantization.int8())
                        .getQuantization();
        assertThat(q.preActivation().spec()).isEqualTo(Quantizers.int16PerTensor());
        assertThat(q.inner().spec()).isEqualTo(Quantizers.int16PerTensor());
        LayerQuantization chosen =
                LayerQuantization.int8()
                        .withPreActivation(
                                TensorQuantization.activation(Quantizers.intPerTensor(12)))
                        .withInner(TensorQuantization.activation(Quantizers.intPerTensor(10)));
        assertThat(QuantLSTM.of(new LSTM.Builder().nOut(1).build(), chosen).getQuantization())
                .isEqualTo(chosen);
        assertThat(
                        QuantSimpleRnn.of(new SimpleRnn.Builder().nOut(1).build(), chosen)
                                .getQuantization())
                .isEqualTo(chosen.withInner(null));
        assertThatThrownBy(
                        () ->
                                QuantLSTM.of(
                                        new LSTM.Builder().nOut(1).build(),
                                        chosen.withInner(
                                                TensorQuantization.activation(
                                                        Quantizers.uint8PerTensor()))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("memory");
        assertThatThrownBy(
                        () ->
                                QuantLSTM.of(
                                        new LSTM.Builder().nOut(1).build(),
                                        LayerQuantization.int8()
                                                .withOutput(
                                                        TensorQuantization.activation(
                                                                Quantizers.binaryPerTensor()))))
                .hasMessageContaining("consecutive");
    }

    /** The sign of the first input, asked for after noise: nothing but memory can answer. */
    @Test
    void aQuantizedLstm_learnsToRemember() {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(DataType.FLOAT).updater(new Adam(0.02)),
                                InputType.recurrent(INPUTS),
                                List.of(Sort.LSTM.layer(int8()), end()));
        for (int i = 0; i < 120; i++) {
            net.fit(question(32));
        }
        DataSet test = question(500);
        INDArray y = net.output(test.getFeatures()).dup();
        int right = 0;
        for (int e = 0; e < 500; e++) {
            boolean said = y.getFloat(e, 1, STEPS - 1) > 0.5;
            right += said == (test.getLabels().getFloat(e, 1, STEPS - 1) > 0.5) ? 1 : 0;
        }
        assertThat(running(net).integerCell().weights().params().spec().bits()).isEqualTo(8);
        assertThat(right / 500.0).isGreaterThan(0.97);
    }

    private DataSet question(int examples) {
        INDArray x = Nets.random(random, DataType.FLOAT, examples, INPUTS, STEPS).muli(0.5);
        INDArray labels = Nd4j.zeros(examples, CLASSES, STEPS);
        INDArray mask = Nd4j.zeros(examples, STEPS);
        for (int e = 0; e < examples; e++) {
            int answer = random.nextInt(2);
            x.putScalar(new int[] {e, 0, 0}, answer == 0 ? -1 : 1);
            labels.putScalar(new int[] {e, answer, STEPS - 1}, 1);
            mask.putScalar(e, STEPS - 1, 1);
        }
        return new DataSet(x, labels, null, mask);
    }
}
