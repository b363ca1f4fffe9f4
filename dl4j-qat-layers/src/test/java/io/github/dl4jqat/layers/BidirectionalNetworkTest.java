package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
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

/** Bidirectional layers in networks, against the stock layers and against themselves. */
@ExtendWith(Seeds.class)
@SuppressWarnings("deprecation") // the Graves layers are, but networks have them
final class BidirectionalNetworkTest {

    private static final int INPUTS = 3;
    private static final int UNITS = 4;
    private static final int STEPS = 6;
    private static final int CLASSES = 2;
    private static final int EXAMPLES = 4;

    private final Random random = new Random(Seeds.current());

    /** What is inside. */
    enum Sort {
        SIMPLE,
        LSTM,
        GRAVES;

        Layer layer(RNNFormat format) {
            return switch (this) {
                case SIMPLE ->
                        new SimpleRnn.Builder()
                                .nOut(UNITS)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build();
                case LSTM ->
                        new LSTM.Builder()
                                .nOut(UNITS)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build();
                case GRAVES ->
                        new GravesLSTM.Builder()
                                .nOut(UNITS)
                                .dataFormat(format)
                                .activation(Activation.TANH)
                                .build();
            };
        }

        Layer layer() {
            return layer(RNNFormat.NCW);
        }
    }

    private static LayerQuantization int8() {
        return LayerQuantization.int8()
                .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    @Test
    void directions_drawRandomNumbersOfTheirOwn() {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                new NeuralNetConfiguration.Builder().seed(2),
                                InputType.recurrent(INPUTS, STEPS),
                                List.of(
                                        QuantBidirectional.of(
                                                new Bidirectional(
                                                        Bidirectional.Mode.ADD, Sort.LSTM.layer()),
                                                int8()),
                                        sequenceEnd(RNNFormat.NCW)));
        QuantizedBidirectionalLayer both =
                (QuantizedBidirectionalLayer) NetworkView.unwrap(net.getLayer(0));
        assertThat(stream(both.forward())).isNotEqualTo(stream(both.backward()));
        assertThat(stream(both.forward())).isEqualTo(stream(both.forward()));
    }

    private static long stream(QuantizedRecurrentLayer layer) {
        return ((StatefulLayer) layer)
                .state().quantizers().clock().moment(true, TrainingClock.WEIGHT).stream();
    }

    private static RnnOutputLayer sequenceEnd(RNNFormat format) {
        return new RnnOutputLayer.Builder()
                .name("out")
                .nOut(CLASSES)
                .dataFormat(format)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static OutputLayer end() {
        return new OutputLayer.Builder()
                .name("out")
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static MultiLayerNetwork net(DataType type, InputType input, Layer... layers) {
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        new NeuralNetConfiguration.Builder()
                                .seed(7)
                                .dataType(type)
                                .l2(1e-2)
                                .updater(new Sgd(0.1)),
                        input,
                        List.of(layers));
    }

    private INDArray labels(DataType type) {
        return Nets.labels(random, type, EXAMPLES * STEPS, CLASSES)
                .reshape('c', EXAMPLES, STEPS, CLASSES)
                .permute(0, 2, 1)
                .dup('c');
    }

    private static INDArray mask(int... lengths) {
        INDArray mask = Nd4j.zeros(DataType.DOUBLE, lengths.length, STEPS);
        for (int e = 0; e < lengths.length; e++) {
            for (int t = 0; t < lengths[e]; t++) {
                mask.putScalar(e, t, 1);
            }
        }
        return mask;
    }

    /** Two networks with the same parameters, output and all gradients on the same batch. */
    private static void assertSame(
            String what, MultiLayerNetwork stock, MultiLayerNetwork own, DataSet data) {
        for (int i = 0; i < stock.getnLayers(); i++) {
            Map<String, INDArray> to = own.getLayer(i).paramTable();
            stock.getLayer(i).paramTable().forEach((key, p) -> to.get(key).assign(p));
        }
        INDArray mask = data.getFeaturesMaskArray();
        INDArray y = stock.output(data.getFeatures(), false, mask, null);
        assertThat(own.output(data.getFeatures(), false, mask, null).sub(y).amaxNumber())
                .as(what)
                .satisfies(d -> assertThat(d.doubleValue()).isLessThan(1e-10));
        for (MultiLayerNetwork net : List.of(stock, own)) {
            net.setInput(data.getFeatures());
            net.setLabels(data.getLabels());
            net.setLayerMaskArrays(mask, data.getLabelsMaskArray());
            net.computeGradientAndScore();
        }
        assertThat(own.score()).as(what).isCloseTo(stock.score(), offset(1e-10));
        Map<String, INDArray> gradients = own.gradient().gradientForVariable();
        stock.gradient()
                .gradientForVariable()
                .forEach(
                        (key, g) ->
                                assertThat(gradients.get(key).sub(g).amaxNumber().doubleValue())
                                        .as(what + " " + key)
                                        .isLessThan(1e-10));
        stock.fit(data);
        own.fit(data);
        stock.paramTable()
                .forEach(
                        (key, p) ->
                                assertThat(own.getParam(key).sub(p).amaxNumber().doubleValue())
                                        .as(what + " " + key + " after a step")
                                        .isLessThan(1e-10));
    }

    private static org.assertj.core.data.Offset<Double> offset(double d) {
        return org.assertj.core.data.Offset.offset(d);
    }

    @ParameterizedTest
    @EnumSource(Bidirectional.Mode.class)
    void withQuantizationOff_itIsTheStockLayer(Bidirectional.Mode mode) {
        for (Sort sort : Sort.values()) {
            for (RNNFormat format : RNNFormat.values()) {
                InputType input = InputType.recurrent(INPUTS, STEPS, format);
                Bidirectional stock = new Bidirectional(mode, sort.layer(format));
                INDArray x = Nets.random(random, DataType.DOUBLE, EXAMPLES, INPUTS, STEPS);
                INDArray labels = labels(DataType.DOUBLE);
                if (format == RNNFormat.NWC) {
                    x = x.permute(0, 2, 1).dup('c');
                    labels = labels.permute(0, 2, 1).dup('c');
                }
                for (INDArray mask : new INDArray[] {null, mask(STEPS, 2, 5, 4)}) {
                    if (mask != null && sort != Sort.SIMPLE) {
                        // The stock layers' gradient is not the true one where they begin masked.
                        continue;
                    }
                    assertSame(
                            mode + " " + sort + " " + format,
                            net(DataType.DOUBLE, input, stock.clone(), sequenceEnd(format)),
                            net(
                                    DataType.DOUBLE,
                                    input,
                                    QuantBidirectional.of(stock, LayerQuantization.OFF),
                                    sequenceEnd(format)),
                            new DataSet(x, labels, mask, mask));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(RNNFormat.class)
    void withQuantizationOff_theGravesLayerIsTheStockOne(RNNFormat format) {
        InputType input = InputType.recurrent(INPUTS, STEPS, format);
        GravesBidirectionalLSTM stock =
                new GravesBidirectionalLSTM.Builder()
                        .nOut(UNITS)
                        .dataFormat(format)
                        .activation(Activation.SOFTSIGN)
                        .gateActivationFunction(Activation.HARDSIGMOID)
                        .forgetGateBiasInit(0.5)
                        .build();
        INDArray x = Nets.random(random, DataType.DOUBLE, EXAMPLES, INPUTS, STEPS);
        INDArray labels = labels(DataType.DOUBLE);
        if (format == RNNFormat.NWC) {
            x = x.permute(0, 2, 1).dup('c');
            labels = labels.permute(0, 2, 1).dup('c');
        }
        assertSame(
                "graves " + format,
                net(DataType.DOUBLE, input, stock, sequenceEnd(format)),
                net(
                        DataType.DOUBLE,
                        input,
                        QuantGravesBidirectionalLSTM.of(stock, LayerQuantization.OFF),
                        sequenceEnd(format)),
                new DataSet(x, labels));
    }

    /** A mask makes the short sequences of a batch what they are alone. */
    @Test
    void theGravesLayer_appliesMasks_asTheStockOneDoes() {
        InputType input = InputType.recurrent(INPUTS);
        GravesBidirectionalLSTM stock =
                new GravesBidirectionalLSTM.Builder()
                        .nOut(UNITS)
                        .activation(Activation.TANH)
                        .build();
        MultiLayerNetwork a =
                net(DataType.DOUBLE, input, Sort.LSTM.layer(), stock, sequenceEnd(RNNFormat.NCW));
        MultiLayerNetwork b =
                net(
                        DataType.DOUBLE,
                        input,
                        Sort.LSTM.layer(),
                        QuantGravesBidirectionalLSTM.of(stock, LayerQuantization.OFF),
                        sequenceEnd(RNNFormat.NCW));
        b.setParams(a.params().dup());
        INDArray x = Nets.random(random, DataType.DOUBLE, EXAMPLES, INPUTS, STEPS);
        INDArray mask = mask(STEPS, 2, 5, 3);
        INDArray expected = a.output(x, false, mask, null);
        INDArray y = b.output(x, false, mask, null);
        assertThat(y.sub(expected).amaxNumber().doubleValue()).isLessThan(1e-10);
        INDArray alone =
                b.output(
                        x.get(
                                        NDArrayIndex.interval(1, 2),
                                        NDArrayIndex.all(),
                                        NDArrayIndex.interval(0, 2))
                                .dup());
        INDArray together =
                y.dup('c')
                        .get(
                                NDArrayIndex.interval(1, 2),
                                NDArrayIndex.all(),
                                NDArrayIndex.interval(0, 2));
        assertThat(alone.sub(together).amaxNumber().doubleValue()).isLessThan(1e-10);
        INDArray unmasked = b.output(x);
        assertThat(unmasked.sub(y).amaxNumber().doubleValue()).isGreaterThan(1e-4);
    }

    /** The ends of both directions: Deeplearning4j cannot train that, here it can be. */
    @ParameterizedTest
    @EnumSource(Bidirectional.Mode.class)
    void lastStepsInside_areThoseOfBothDirections(Bidirectional.Mode mode) {
        InputType input = InputType.recurrent(INPUTS);
        // Deeplearning4j does not hand its global settings to what is so deep inside.
        Layer inside =
                new LSTM.Builder()
                        .nOut(UNITS)
                        .activation(Activation.TANH)
                        .weightInit(WeightInit.XAVIER)
                        .updater(new Sgd(0.1))
                        .l2(1e-2)
                        .build();
        Bidirectional stock = new Bidirectional(mode, new LastTimeStep(inside));
        QuantBidirectional twin = QuantBidirectional.of(stock, LayerQuantization.OFF);
        MultiLayerNetwork net = net(DataType.DOUBLE, input, twin, end());
        INDArray x = Nets.random(random, DataType.DOUBLE, EXAMPLES, INPUTS, STEPS);
        INDArray labels = Nets.labels(random, DataType.DOUBLE, EXAMPLES, CLASSES);
        MultiLayerNetwork direct =
                net(
                        DataType.DOUBLE,
                        input,
                        QuantBidirectional.of(
                                new Bidirectional(Bidirectional.Mode.CONCAT, Sort.LSTM.layer()),
                                LayerQuantization.OFF),
                        sequenceEnd(RNNFormat.NCW));
        direct.getLayer(0).setParams(net.getLayer(0).params());
        INDArray all = direct.feedForward(x).get(1).dup('c');
        INDArray y = net.feedForward(x).get(1);
        for (int e = 0; e < EXAMPLES; e++) {
            for (int u = 0; u < UNITS; u++) {
                double a = all.getDouble(e, u, STEPS - 1);
                double b = all.getDouble(e, UNITS + u, 0);
                switch (mode) {
                    case CONCAT -> {
                        assertThat(y.getDouble(e, u)).isCloseTo(a, offset(1e-12));
                        assertThat(y.getDouble(e, UNITS + u)).isCloseTo(b, offset(1e-12));
                    }
                    case ADD -> assertThat(y.getDouble(e, u)).isCloseTo(a + b, offset(1e-12));
                    case MUL -> assertThat(y.getDouble(e, u)).isCloseTo(a * b, offset(1e-12));
                    default -> assertThat(y.getDouble(e, u)).isCloseTo((a + b) / 2, offset(1e-12));
                }
            }
        }
        assertTrueGradients(net, new DataSet(x, labels));
    }

    /** Against differences of the score, for some parameters of the first layer. */
    private void assertTrueGradients(MultiLayerNetwork net, DataSet data) {
        net.setInput(data.getFeatures());
        net.setLabels(data.getLabels());
        net.computeGradientAndScore();
        INDArray gradient = net.getFlattenedGradients().dup();
        long first = net.getLayer(0).numParams();
        double h = 1e-6;
        for (int k = 0; k < 40; k++) {
            int i = random.nextInt((int) first);
            double before = net.params().getDouble(i);
            net.params().putScalar(i, before + h);
            double up = net.score(data, true);
            net.params().putScalar(i, before - h);
            double down = net.score(data, true);
            net.params().putScalar(i, before);
            // The network keeps sums over the batch, and penalties apart from them.
            double slope = (up - down) / (2 * h);
            double found = gradient.getDouble(i) / EXAMPLES;
            double penalty = isWeight(net, i) ? 1e-2 * before : 0;
            assertThat(found + penalty).as("parameter %s", i).isCloseTo(slope, offset(1e-7));
        }
    }

    private static boolean isWeight(MultiLayerNetwork net, int index) {
        long at = 0;
        for (Map.Entry<String, INDArray> e : net.getLayer(0).paramTable().entrySet()) {
            at += e.getValue().length();
            if (index < at) {
                return e.getKey().contains("W");
            }
        }
        throw new IllegalArgumentException("no parameter " + index);
    }

    private List<Layer> kinds(LayerQuantization q) {
        List<Layer> kinds = new ArrayList<>();
        for (Bidirectional.Mode mode : Bidirectional.Mode.values()) {
            for (Sort sort : Sort.values()) {
                kinds.add(QuantBidirectional.of(new Bidirectional(mode, sort.layer()), q));
            }
        }
        kinds.add(
                QuantGravesBidirectionalLSTM.of(
                        new GravesBidirectionalLSTM.Builder()
                                .nOut(UNITS)
                                .activation(Activation.TANH)
                                .build(),
                        q));
        return kinds;
    }

    /** The examples end at different times; what comes out must not see the padding. */
    @Test
    void sequencesOfAnyLength_giveWhatTheyGiveAlone_toTheLastBit() {
        List<Layer> masking = new ArrayList<>();
        for (Bidirectional.Mode mode : Bidirectional.Mode.values()) {
            Layer inside = Sort.SIMPLE.layer();
            masking.add(QuantBidirectional.of(new Bidirectional(mode, inside), int8()));
        }
        masking.add(kinds(int8()).get(12));
        for (Layer layer : masking) {
            MultiLayerNetwork net =
                    net(
                            DataType.FLOAT,
                            InputType.recurrent(INPUTS),
                            layer,
                            sequenceEnd(RNNFormat.NCW));
            int[] lengths = {STEPS, 2, 5, 1};
            INDArray mask = mask(lengths).castTo(DataType.FLOAT);
            INDArray x = Nets.random(random, DataType.FLOAT, EXAMPLES, INPUTS, STEPS);
            for (int i = 0; i < 3; i++) {
                net.fit(new DataSet(x, labels(DataType.FLOAT), mask, mask));
            }
            INDArray together = net.output(x, false, mask, null).dup('c');
            for (int e = 0; e < EXAMPLES; e++) {
                var steps = NDArrayIndex.interval(0, lengths[e]);
                var example = NDArrayIndex.interval(e, e + 1);
                INDArray alone = x.get(example, NDArrayIndex.all(), steps).dup('c');
                INDArray part = together.get(example, NDArrayIndex.all(), steps).dup('c');
                assertThat(Nets.bits(net.output(alone).dup('c')))
                        .as("%s, example %s", layer, e)
                        .isEqualTo(Nets.bits(part));
            }
        }
    }

    @Test
    void bothDirections_readOneQuantizedInput_andWriteOneGrid() {
        for (Layer layer : kinds(int8())) {
            MultiLayerNetwork net =
                    net(
                            DataType.FLOAT,
                            InputType.recurrent(INPUTS),
                            layer,
                            sequenceEnd(RNNFormat.NCW));
            for (int i = 0; i < 2; i++) {
                INDArray x = Nets.random(random, DataType.FLOAT, EXAMPLES, INPUTS, STEPS);
                // What comes late is large, so the directions see different things early.
                x.putScalar(new int[] {0, 0, STEPS - 1}, 9);
                net.fit(new DataSet(x, labels(DataType.FLOAT)));
            }
            QuantizedBidirectionalLayer running =
                    (QuantizedBidirectionalLayer) NetworkView.unwrap(net.getLayer(0));
            QuantParams in = running.inputParams();
            assertThat(in).isNotNull();
            assertThat(running.forward().inputParams()).isEqualTo(in);
            assertThat(running.backward().inputParams()).isEqualTo(in);
            assertThat(running.forward().integerCell().input()).isEqualTo(in);
            QuantParams grid = running.forward().outputParams();
            assertThat(running.backward().outputParams()).isEqualTo(grid);
            boolean concat = running.mode() == Bidirectional.Mode.CONCAT;
            assertThat(running.outputParams().equals(grid)).isEqualTo(concat);
            assertThat(running.quantization().inputShape()).containsExactly(INPUTS, STEPS);
        }
    }

    @Test
    void learnedSteps_areLearned_butNotTheSharedGrid() {
        LayerQuantization learned =
                LayerQuantization.OFF
                        .withWeight(
                                new TensorQuantization(
                                        Quantizers.int8PerChannel(),
                                        GradientEstimators.lsq(),
                                        null))
                        .withOutput(
                                TensorQuantization.activation(Quantizers.uint8PerTensor())
                                        .withEstimator(GradientEstimators.lsq()))
                        .withInput(
                                TensorQuantization.activation(Quantizers.uint8PerTensor())
                                        .withEstimator(GradientEstimators.lsq()));
        for (Layer layer : kinds(learned)) {
            MultiLayerNetwork net =
                    net(
                            DataType.FLOAT,
                            InputType.recurrent(INPUTS),
                            layer,
                            sequenceEnd(RNNFormat.NCW));
            boolean graves = layer instanceof GravesBidirectionalLSTM;
            String weightScale = graves ? "0_weightScaleB" : "0_bweightScale";
            assertThat(net.paramTable().keySet())
                    .contains(weightScale, "0_inputScale")
                    .doesNotContain("0_outputScale", "0_foutputScale", "0_outputScaleF");
            net.fit(
                    new DataSet(
                            Nets.random(random, DataType.FLOAT, EXAMPLES, INPUTS, STEPS),
                            labels(DataType.FLOAT)));
            long[] before = Nets.bits(net.getParam(weightScale));
            long[] input = Nets.bits(net.getParam("0_inputScale"));
            for (int i = 0; i < 6; i++) {
                net.fit(
                        new DataSet(
                                Nets.random(random, DataType.FLOAT, EXAMPLES, INPUTS, STEPS),
                                labels(DataType.FLOAT)));
            }
            assertThat(Nets.bits(net.getParam(weightScale))).isNotEqualTo(before);
            assertThat(Nets.bits(net.getParam("0_inputScale"))).isNotEqualTo(input);
        }
    }

    @Test
    void constraintsAndPenalties_reachBothDirections() {
        Function<Boolean, Layer> layer =
                quantized -> {
                    GravesBidirectionalLSTM stock =
                            new GravesBidirectionalLSTM.Builder()
                                    .nOut(UNITS)
                                    .activation(Activation.TANH)
                                    .constrainRecurrent(new MaxNormConstraint(0.3, 1))
                                    .gradientNormalization(
                                            GradientNormalization.ClipElementWiseAbsoluteValue)
                                    .gradientNormalizationThreshold(0.01)
                                    .build();
                    return quantized
                            ? QuantGravesBidirectionalLSTM.of(stock, LayerQuantization.OFF)
                            : stock;
                };
        assertSame(
                "constraints",
                net(
                        DataType.DOUBLE,
                        InputType.recurrent(INPUTS),
                        layer.apply(false),
                        sequenceEnd(RNNFormat.NCW)),
                net(
                        DataType.DOUBLE,
                        InputType.recurrent(INPUTS),
                        layer.apply(true),
                        sequenceEnd(RNNFormat.NCW)),
                new DataSet(
                        Nets.random(random, DataType.DOUBLE, EXAMPLES, INPUTS, STEPS),
                        labels(DataType.DOUBLE)));
    }

    @Test
    void whatCannotBeInside_isNamed() {
        Bidirectional normalized =
                new Bidirectional(
                        new SimpleRnn.Builder().nIn(2).nOut(3).hasLayerNorm(true).build());
        assertThatThrownBy(() -> QuantBidirectional.of(normalized, LayerQuantization.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("SimpleRnn")
                .hasMessageContaining("without layer normalization");
        assertThat(QuantBidirectional.canHold(new LastTimeStep(Sort.LSTM.layer()))).isTrue();
        assertThat(QuantBidirectional.canHold(new MaskZeroLayer(Sort.LSTM.layer(), 0))).isFalse();
    }

    @Test
    void wholeSequencesOnly() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS),
                        kinds(int8()).get(0),
                        sequenceEnd(RNNFormat.NCW));
        assertThatThrownBy(() -> net.rnnTimeStep(Nd4j.zeros(1, INPUTS, 1)))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThat(net.getLayer(0).type())
                .isEqualTo(org.deeplearning4j.nn.api.Layer.Type.RECURRENT);
    }

    /** The first time step says the class of the last, and the other way round. */
    @Test
    void aBidirectionalLstm_learnsFromBothEnds() {
        for (Bidirectional.Mode mode : List.of(Bidirectional.Mode.CONCAT, Bidirectional.Mode.ADD)) {
            MultiLayerNetwork net =
                    (MultiLayerNetwork)
                            Nets.chain(
                                    Nets.Kind.MULTI_LAYER,
                                    new NeuralNetConfiguration.Builder()
                                            .seed(3)
                                            .updater(new Adam(0.02)),
                                    InputType.recurrent(1),
                                    List.of(
                                            QuantBidirectional.of(
                                                    new Bidirectional(
                                                            mode,
                                                            new LSTM.Builder()
                                                                    .nOut(8)
                                                                    .activation(Activation.TANH)
                                                                    .build()),
                                                    int8()),
                                            sequenceEnd(RNNFormat.NCW)));
            INDArray x = Nd4j.zeros(32, 1, STEPS);
            INDArray y = Nd4j.zeros(32, CLASSES, STEPS);
            for (int e = 0; e < 32; e++) {
                int first = e & 1;
                int last = (e >> 1) & 1;
                x.putScalar(new int[] {e, 0, 0}, first == 0 ? -1 : 1);
                x.putScalar(new int[] {e, 0, STEPS - 1}, last == 0 ? -1 : 1);
                for (int t = 0; t < STEPS; t++) {
                    y.putScalar(new int[] {e, t < STEPS / 2 ? last : first, t}, 1);
                }
            }
            DataSet data = new DataSet(x, y);
            for (int i = 0; i < 60; i++) {
                net.fit(data);
            }
            INDArray right = net.output(x).argMax(1).eq(y.argMax(1)).castTo(DataType.FLOAT);
            assertThat(right.meanNumber().doubleValue()).as(mode.toString()).isGreaterThan(0.95);
        }
    }
}
