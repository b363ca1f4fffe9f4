package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The recurrent layers' own way through time, with quantization off, against the stock layers and
 * against differences: masks, states, and parts of a sequence.
 */
@ExtendWith(Seeds.class)
final class RecurrentGradientTest {

    private static final LayerWorkspaceMgr NONE = LayerWorkspaceMgr.noWorkspaces();
    private static final int EXAMPLES = 3;
    private static final int INPUTS = 4;
    private static final int UNITS = 5;
    private static final int STEPS = 6;

    /** The stock layers, and their twins. */
    enum Sort {
        SIMPLE,
        LSTM,
        LSTM_OF_OTHER_FUNCTIONS,
        GRAVES;

        @SuppressWarnings("deprecation") // Deeplearning4j would rather have LSTM
        BaseRecurrentLayer stock(RNNFormat format) {
            return switch (this) {
                case SIMPLE ->
                        new SimpleRnn.Builder()
                                .nIn(INPUTS)
                                .nOut(UNITS)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build();
                case LSTM ->
                        new LSTM.Builder()
                                .nIn(INPUTS)
                                .nOut(UNITS)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build();
                case LSTM_OF_OTHER_FUNCTIONS ->
                        new LSTM.Builder()
                                .nIn(INPUTS)
                                .nOut(UNITS)
                                .dataFormat(format)
                                .activation(Activation.SOFTSIGN)
                                .gateActivationFunction(Activation.HARDSIGMOID)
                                .build();
                case GRAVES ->
                        new GravesLSTM.Builder()
                                .nIn(INPUTS)
                                .nOut(UNITS)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build();
            };
        }

        @SuppressWarnings("deprecation")
        BaseRecurrentLayer twin(RNNFormat format) {
            BaseRecurrentLayer stock = stock(format);
            if (stock instanceof LSTM lstm) {
                return QuantLSTM.of(lstm, LayerQuantization.OFF);
            }
            return stock instanceof GravesLSTM graves
                    ? QuantGravesLSTM.of(graves, LayerQuantization.OFF)
                    : QuantSimpleRnn.of((SimpleRnn) stock, LayerQuantization.OFF);
        }
    }

    private final Random random = new Random(Seeds.current());

    private static RecurrentLayer running(BaseRecurrentLayer conf, INDArray params) {
        NeuralNetConfiguration global =
                new NeuralNetConfiguration.Builder().dataType(DataType.DOUBLE).layer(conf).build();
        RecurrentLayer layer =
                (RecurrentLayer)
                        global.getLayer()
                                .instantiate(global, null, 0, params, false, DataType.DOUBLE);
        layer.setBackpropGradientsViewArray(Nd4j.zeros(DataType.DOUBLE, params.length()));
        return layer;
    }

    private INDArray params(Sort sort) {
        BaseRecurrentLayer conf = sort.stock(RNNFormat.NCW);
        return Nd4j.createFromArray(doubles((int) conf.initializer().numParams(conf))).muli(0.8);
    }

    private double[] doubles(int n) {
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = 2 * random.nextDouble() - 1;
        }
        return values;
    }

    private INDArray sequence(int features) {
        return Nd4j.createFromArray(doubles(EXAMPLES * features * STEPS))
                .reshape('c', EXAMPLES, features, STEPS);
    }

    private static INDArray mask(int[]... rows) {
        INDArray mask = Nd4j.zeros(DataType.DOUBLE, EXAMPLES, STEPS);
        for (int e = 0; e < EXAMPLES; e++) {
            for (int t = 0; t < STEPS; t++) {
                mask.putScalar(e, t, rows[e][t]);
            }
        }
        return mask;
    }

    private static final int[] ALL = {1, 1, 1, 1, 1, 1};
    private static final int[] ENDS_EARLY = {1, 1, 1, 1, 0, 0};
    private static final int[] BEGINS_LATE = {0, 0, 1, 1, 1, 1};
    private static final int[] HOLE = {1, 1, 0, 0, 1, 1};

    private static Map<String, INDArray> copy(Gradient gradient) {
        Map<String, INDArray> copy = new HashMap<>();
        gradient.gradientForVariable().forEach((k, v) -> copy.put(k, v.dup()));
        return copy;
    }

    private static void assertClose(String what, INDArray actual, INDArray expected) {
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).as(what).isLessThan(1e-9);
    }

    /** Output and gradients of both, with the output's gradient zero where the mask is. */
    private void assertEqualsStock(Sort sort, INDArray mask) {
        INDArray params = params(sort);
        RecurrentLayer stock = running(sort.stock(RNNFormat.NCW), params.dup());
        RecurrentLayer own = running(sort.twin(RNNFormat.NCW), params.dup());
        INDArray x = sequence(INPUTS);
        INDArray epsilon = sequence(UNITS);
        if (mask != null) {
            epsilon.muli(Nd4j.expandDims(mask, 1).broadcast(EXAMPLES, UNITS, STEPS));
        }
        for (RecurrentLayer layer : new RecurrentLayer[] {stock, own}) {
            layer.setMaskArray(mask);
            layer.setInput(x.dup(), NONE);
        }
        assertClose(sort + " output", own.activate(true, NONE), stock.activate(true, NONE));
        Pair<Gradient, INDArray> expected = stock.backpropGradient(epsilon.dup('f'), NONE);
        Pair<Gradient, INDArray> actual = own.backpropGradient(epsilon.dup('f'), NONE);
        assertClose(sort + " epsilon", actual.getSecond(), expected.getSecond());
        Map<String, INDArray> gradients = copy(actual.getFirst());
        copy(expected.getFirst())
                .forEach((key, g) -> assertClose(sort + " " + key, gradients.get(key), g));
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void withoutMask_andWithSequencesThatEndEarly_itIsTheStockLayer(Sort sort) {
        assertEqualsStock(sort, null);
        assertEqualsStock(sort, mask(ALL, ENDS_EARLY, ENDS_EARLY));
    }

    /** What the loss {@code sum(epsilon * output)} is, from a state on. */
    private static double loss(
            RecurrentLayer layer,
            Map<String, INDArray> state,
            INDArray x,
            INDArray mask,
            INDArray epsilon) {
        layer.rnnSetTBPTTState(state);
        layer.setMaskArray(mask);
        INDArray y = layer.rnnActivateUsingStoredState(x.dup(), true, false, NONE);
        return y.mul(epsilon).sumNumber().doubleValue();
    }

    private void assertTrueGradient(Sort sort, INDArray mask, Map<String, INDArray> state) {
        INDArray params = params(sort);
        RecurrentLayer layer = running(sort.twin(RNNFormat.NCW), params);
        INDArray x = sequence(INPUTS);
        INDArray epsilon = sequence(UNITS);
        loss(layer, state, x, mask, epsilon);
        Pair<Gradient, INDArray> back = layer.backpropGradient(epsilon.dup(), NONE);
        INDArray gradient = layer.getGradientsViewArray().dup();
        double h = 1e-6;
        for (int k = 0; k < 40; k++) {
            int i = random.nextInt((int) params.length());
            double before = params.getDouble(i);
            params.putScalar(i, before + h);
            double up = loss(layer, state, x, mask, epsilon);
            params.putScalar(i, before - h);
            double down = loss(layer, state, x, mask, epsilon);
            params.putScalar(i, before);
            assertThat(gradient.getDouble(i))
                    .as("%s parameter %s", sort, i)
                    .isCloseTo((up - down) / (2 * h), within(1e-7));
        }
        INDArray epsilonNext = back.getSecond();
        for (int k = 0; k < 20; k++) {
            int e = random.nextInt(EXAMPLES);
            int f = random.nextInt(INPUTS);
            int t = random.nextInt(STEPS);
            INDArray up = x.dup();
            up.putScalar(new int[] {e, f, t}, x.getDouble(e, f, t) + h);
            INDArray down = x.dup();
            down.putScalar(new int[] {e, f, t}, x.getDouble(e, f, t) - h);
            double slope =
                    (loss(layer, state, up, mask, epsilon)
                                    - loss(layer, state, down, mask, epsilon))
                            / (2 * h);
            assertThat(epsilonNext.getDouble(e, f, t))
                    .as("%s input %s %s %s", sort, e, f, t)
                    .isCloseTo(slope, within(1e-7));
        }
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void gradients_areTrue_underAnyMask_andFromAnyState(Sort sort) {
        Map<String, INDArray> state = new HashMap<>();
        state.put(
                "prevAct",
                Nd4j.createFromArray(doubles(EXAMPLES * UNITS)).reshape(EXAMPLES, UNITS));
        state.put(
                "prevMem",
                Nd4j.createFromArray(doubles(EXAMPLES * UNITS)).reshape(EXAMPLES, UNITS));
        INDArray mask = mask(BEGINS_LATE, HOLE, ENDS_EARLY);
        assertTrueGradient(sort, null, Map.of());
        assertTrueGradient(sort, mask, Map.of());
        assertTrueGradient(sort, null, state);
        assertTrueGradient(sort, mask, state);
    }

    /** Fractions in a mask are not usual, but the stock layers multiply by them. */
    @ParameterizedTest
    @EnumSource(Sort.class)
    void gradients_areTrue_underAMaskOfFractions(Sort sort) {
        assertTrueGradient(
                sort,
                Nd4j.createFromArray(doubles(EXAMPLES * STEPS)).reshape(EXAMPLES, STEPS),
                Map.of());
    }

    @ParameterizedTest
    @EnumSource(value = Sort.class, mode = EnumSource.Mode.EXCLUDE, names = "SIMPLE")
    void backwardThroughTheLastStepsOnly_isTheStockLayers(Sort sort) {
        INDArray params = params(sort);
        RecurrentLayer stock = running(sort.stock(RNNFormat.NCW), params.dup());
        RecurrentLayer own = running(sort.twin(RNNFormat.NCW), params.dup());
        INDArray before = sequence(INPUTS);
        INDArray x = sequence(INPUTS);
        INDArray epsilon = sequence(UNITS);
        for (int length : new int[] {1, 4, STEPS, STEPS + 3}) {
            Map<String, INDArray> gradients = null;
            INDArray next = null;
            for (RecurrentLayer layer : new RecurrentLayer[] {stock, own}) {
                layer.rnnClearPreviousState();
                layer.rnnActivateUsingStoredState(before.dup(), true, true, NONE);
                // What the network does between two segments.
                layer.rnnSetPreviousState(layer.rnnGetTBPTTState());
                layer.rnnActivateUsingStoredState(x.dup(), true, true, NONE);
                Pair<Gradient, INDArray> back =
                        layer.tbpttBackpropGradient(epsilon.dup('f'), length, NONE);
                if (layer == stock) {
                    gradients = copy(back.getFirst());
                    next = back.getSecond().dup();
                } else {
                    Map<String, INDArray> actual = copy(back.getFirst());
                    gradients.forEach(
                            (key, g) ->
                                    assertClose(
                                            sort + " " + key + " " + length, actual.get(key), g));
                    assertClose(sort + " epsilon " + length, back.getSecond(), next);
                }
            }
            assertThat(own.rnnGetTBPTTState().keySet())
                    .isEqualTo(stock.rnnGetTBPTTState().keySet());
            stock.rnnGetTBPTTState()
                    .forEach((k, v) -> assertClose(k, own.rnnGetTBPTTState().get(k), v));
        }
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void timeSteps_andTheirStates_areTheStockLayers(Sort sort) {
        INDArray params = params(sort);
        RecurrentLayer stock = running(sort.stock(RNNFormat.NCW), params.dup());
        RecurrentLayer own = running(sort.twin(RNNFormat.NCW), params.dup());
        INDArray x = sequence(INPUTS);
        int[] cuts = {0, 1, 3, STEPS};
        for (int i = 1; i < cuts.length; i++) {
            INDArray part =
                    x.get(
                                    NDArrayIndex.all(),
                                    NDArrayIndex.all(),
                                    NDArrayIndex.interval(cuts[i - 1], cuts[i]))
                            .dup();
            assertClose(
                    "part " + i,
                    own.rnnTimeStep(part.dup(), NONE),
                    stock.rnnTimeStep(part.dup(), NONE));
            Map<String, INDArray> expected = stock.rnnGetPreviousState();
            assertThat(own.rnnGetPreviousState().keySet()).isEqualTo(expected.keySet());
            expected.forEach((k, v) -> assertClose(k, own.rnnGetPreviousState().get(k), v));
            // The stock layer's state in ours, for the next part.
            own.rnnSetPreviousState(expected);
        }
        own.rnnClearPreviousState();
        assertThat(own.rnnGetPreviousState()).isEmpty();
        assertThat(own.rnnGetTBPTTState()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Sort.class)
    void channelsLast_isTheSame_withItsAxesTurned(Sort sort) {
        INDArray params = params(sort);
        RecurrentLayer first = running(sort.twin(RNNFormat.NCW), params.dup());
        RecurrentLayer last = running(sort.twin(RNNFormat.NWC), params.dup());
        INDArray x = sequence(INPUTS);
        INDArray epsilon = sequence(UNITS);
        first.setInput(x, NONE);
        last.setInput(x.permute(0, 2, 1).dup(), NONE);
        assertClose(
                "output", last.activate(true, NONE).permute(0, 2, 1), first.activate(true, NONE));
        Pair<Gradient, INDArray> a = first.backpropGradient(epsilon, NONE);
        Pair<Gradient, INDArray> b = last.backpropGradient(epsilon.permute(0, 2, 1).dup(), NONE);
        assertClose("epsilon", b.getSecond().permute(0, 2, 1), a.getSecond());
        assertClose("gradients", last.getGradientsViewArray(), first.getGradientsViewArray());
    }
}
