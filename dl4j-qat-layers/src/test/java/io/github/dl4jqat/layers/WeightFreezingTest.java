package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Incremental quantization, and weights that oscillate. */
class WeightFreezingTest {

    private static final int FEATURES = 6;
    private static final int HIDDEN = 5;
    private static final int CLASSES = 3;

    private static Layer hidden(LayerQuantization how) {
        return new QuantDenseLayer.Builder()
                .name("hidden")
                .nOut(HIDDEN)
                .activation(Activation.RELU)
                .quantization(how)
                .build();
    }

    private static Model net(Nets.Kind kind, IUpdater updater, DataType type, Layer hidden) {
        Layer out =
                new QuantOutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build();
        return Nets.chain(
                kind,
                new NeuralNetConfiguration.Builder()
                        .seed(7)
                        .dataType(type)
                        .l2(1e-2)
                        .updater(updater),
                InputType.feedForward(FEATURES),
                List.of(hidden, out));
    }

    private static LayerQuantization incremental(QuantSpec spec, GradientEstimator estimator) {
        return LayerQuantization.int8()
                .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()))
                .withWeight(TensorQuantization.weight(spec).withEstimator(estimator))
                .withSchedule(QatSchedule.iterations().steps(Knob.PORTION, 4, 0.5, 0.75, 0.875, 1));
    }

    private static List<DataSet> batches(DataType type, int n) {
        Random random = new Random(5);
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(
                    new DataSet(
                            Nets.random(random, type, 8, FEATURES),
                            Nets.labels(random, type, 8, CLASSES)));
        }
        return all;
    }

    private static double[] param(Model net, String key) {
        return Nets.layer(net, "hidden").getParam(key).dup('c').data().asDouble();
    }

    private static int[] inParameterOrder(int[] channelFirst) {
        int[] levels = new int[channelFirst.length];
        for (int o = 0; o < HIDDEN; o++) {
            for (int i = 0; i < FEATURES; i++) {
                levels[i * HIDDEN + o] = channelFirst[o * FEATURES + i];
            }
        }
        return levels;
    }

    private static int[] levels(Model net) {
        return inParameterOrder(((QuantizedWeightLayer) Nets.layer(net, "hidden")).weightLevels());
    }

    private record Method(String name, QuantSpec spec, GradientEstimator estimator) {}

    private static List<Method> methods() {
        return List.of(
                new Method("3 bits", Quantizers.intPerChannel(3), GradientEstimators.clipped()),
                new Method("tensor", Quantizers.intPerTensor(4), GradientEstimators.clipped()),
                new Method(
                        "power of two",
                        Quantizers.intPerTensor(5),
                        GradientEstimators.powerOfTwo()),
                new Method(
                        "power of two, channels",
                        Quantizers.intPerChannel(4),
                        GradientEstimators.powerOfTwo()));
    }

    /** A rate and a penalty at which free weights move a lot, and grow beyond the largest ones. */
    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void portionsAreFrozenLargestFirstAndForGood(Nets.Kind kind) {
        for (Method method : methods()) {
            for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
                String what = method.name() + " " + type;
                Model net =
                        net(
                                kind,
                                new Nesterovs(0.3, 0.9),
                                type,
                                hidden(incremental(method.spec(), method.estimator())));
                double[] portions = {0.5, 0.75, 0.875, 1};
                List<DataSet> data = batches(type, 20);
                boolean[] frozen = new boolean[FEATURES * HIDDEN];
                double[] values = null;
                for (int i = 0; i < data.size(); i++) {
                    double[] before = param(net, "W");
                    Nets.fit(net, data.get(i));
                    double[] flags = param(net, "weightFrozen");
                    double[] now = param(net, "W");
                    double portion = portions[Math.min(3, i / 4)];
                    long count = Arrays.stream(flags).filter(f -> f == 1).count();
                    assertThat(count)
                            .as("%s, iteration %d", what, i)
                            .isEqualTo(Math.round(portion * flags.length));
                    double smallestNew = Double.MAX_VALUE;
                    double largestFree = 0;
                    int moved = 0;
                    for (int w = 0; w < flags.length; w++) {
                        if (frozen[w]) {
                            assertThat(flags[w]).as("stays frozen").isEqualTo(1);
                            assertThat(now[w])
                                    .as("%s, weight %d, iteration %d", what, w, i)
                                    .isEqualTo(values[w]);
                        } else if (flags[w] == 1) {
                            smallestNew = Math.min(smallestNew, Math.abs(before[w]));
                        } else {
                            largestFree = Math.max(largestFree, Math.abs(before[w]));
                            moved += now[w] == before[w] ? 0 : 1;
                        }
                        frozen[w] = flags[w] == 1;
                    }
                    assertThat(smallestNew).as(what).isGreaterThanOrEqualTo(largestFree);
                    assertThat(moved > 0).as("free weights train").isEqualTo(portion < 1);
                    values = now;
                }
                assertThat(frozen).doesNotContain(false);
                int[] levels = levels(net);
                QuantizedWeightLayer layer = (QuantizedWeightLayer) Nets.layer(net, "hidden");
                for (int w = 0; w < levels.length; w++) {
                    float scale = layer.integerWeights().params().scale(w % HIDDEN);
                    double real =
                            type == DataType.FLOAT ? levels[w] * scale : levels[w] * (double) scale;
                    assertThat(real).as("%s: evaluation's weights", what).isEqualTo(values[w]);
                }
            }
        }
    }

    private static MultiLayerNetwork linear(IUpdater updater, LayerQuantization how) {
        Layer out =
                new QuantOutputLayer.Builder(LossFunction.MSE)
                        .name("hidden")
                        .nOut(1)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .quantization(how)
                        .build();
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        new NeuralNetConfiguration.Builder()
                                .dataType(DataType.DOUBLE)
                                .updater(updater),
                        InputType.feedForward(4),
                        List.of(out));
    }

    private static LayerQuantization weightsOnly(int bits) {
        return LayerQuantization.OFF.withWeight(
                TensorQuantization.weight(Quantizers.intPerTensor(bits)));
    }

    private static void set(Model net, double... w) {
        Nets.layer(net, "hidden").getParam("W").assign(Nd4j.createFromArray(w).reshape(4, 1));
    }

    /** Weights 3, 1.4, -0.6, 0.2 at a step of 1 are 3, 1, -1, 0. */
    @Test
    void freeWeightsAreRealInTrainingAndWholeInEvaluation() {
        LayerQuantization how =
                weightsOnly(3)
                        .withSchedule(QatSchedule.iterations().steps(Knob.PORTION, 10, 0.25, 0.5));
        MultiLayerNetwork net = linear(new Sgd(0), how);
        set(net, 3, 1.4, -0.6, 0.2);
        INDArray one = Nd4j.eye(4).castTo(DataType.DOUBLE);
        assertThat(net.feedForward(one, true).get(1).data().asDouble())
                .containsExactly(3, 1.4, -0.6, 0.2);
        assertThat(net.output(one).data().asDouble()).containsExactly(3, 1, -1, 0);
        net.fit(new DataSet(one, Nd4j.ones(DataType.DOUBLE, 4, 1)));
        assertThat(net.output(one).data().asDouble()).containsExactly(3, 1, -1, 0);
        assertThat(param(net, "weightFrozen")).containsExactly(1, 0, 0, 0);
        net.getLayer(0).setIterationCount(10);
        assertThat(net.feedForward(one, true).get(1).data().asDouble())
                .containsExactly(3, 1, -0.6, 0.2);
        assertThat(param(net, "weightFrozen"))
                .as("a pass without an update freezes nothing")
                .containsExactly(1, 0, 0, 0);
    }

    /** A free weight that outgrows the frozen ones would stretch the scale, and move them. */
    @Test
    void freeWeightsDoNotOutgrowFrozenOnes() {
        LayerQuantization how =
                weightsOnly(3)
                        .withSchedule(QatSchedule.iterations().steps(Knob.PORTION, 100, 0.5, 1));
        MultiLayerNetwork net = linear(new Sgd(0.4), how);
        set(net, 3, -2.1, 1.4, 0.2);
        INDArray one = Nd4j.eye(4).castTo(DataType.DOUBLE);
        INDArray goal = Nd4j.createFromArray(new double[] {9, 9, 9, -9}).reshape(4, 1);
        for (int i = 0; i < 20; i++) {
            net.fit(new DataSet(one, goal));
            assertThat(((QuantizedWeightLayer) net.getLayer(0)).weightLevels())
                    .as("iteration %d", i)
                    .startsWith(3, -2);
            assertThat(param(net, "W")).startsWith(3, -2);
        }
        assertThat(param(net, "W")).containsExactly(3, -2, 3, -3);
    }

    /** Deeplearning4j calls listeners between the update and what puts frozen weights back. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void listenerThatEvaluatesChangesNothing(boolean oscillation) {
        LayerQuantization how =
                oscillation
                        ? weightsOnly(3).withOscillation(new OscillationControl(0.3, 0.01, 0.2))
                        : weightsOnly(3)
                                .withSchedule(
                                        QatSchedule.iterations().steps(Knob.PORTION, 2, 0.5, 0.75));
        MultiLayerNetwork alone = linear(new Nesterovs(0.3, 0.9), how);
        MultiLayerNetwork watched = linear(new Nesterovs(0.3, 0.9), how);
        INDArray one = Nd4j.eye(4).castTo(DataType.DOUBLE);
        INDArray goal = Nd4j.createFromArray(new double[] {2, -1, 2, -2}).reshape(4, 1);
        watched.addListeners(
                new BaseTrainingListener() {
                    @Override
                    public void iterationDone(Model model, int iteration, int epoch) {
                        ((MultiLayerNetwork) model).output(one);
                    }
                });
        set(alone, 3, -2.1, 1.4, 0.2);
        set(watched, 3, -2.1, 1.4, 0.2);
        for (int i = 0; i < 8; i++) {
            alone.fit(new DataSet(one, goal));
            watched.fit(new DataSet(one, goal));
            assertThat(Nets.bits(watched.params()))
                    .as("iteration %d", i)
                    .isEqualTo(Nets.bits(alone.params()));
        }
    }

    /** The worked numbers of {@link OscillationControl}: momentum 0.1, levels 0 1 0 1 1 0 0 1. */
    @Test
    void oscillationIsCountedAsWorkedOut() {
        LayerQuantization how = weightsOnly(3).withOscillation(new OscillationControl(0.1, 0, 0));
        MultiLayerNetwork net = linear(new Sgd(0), how);
        DataSet data =
                new DataSet(Nd4j.ones(DataType.DOUBLE, 1, 4), Nd4j.ones(DataType.DOUBLE, 1, 1));
        double[] levels = {0, 1, 0, 1, 1, 0, 0, 1};
        double[] frequencies = {0, 0, 0.1, 0.19, 0.171, 0.2539, 0.22851, 0.305659};
        double average = 0;
        for (int i = 0; i < levels.length; i++) {
            set(net, 3, levels[i] + 0.2, -2.9, 1.1);
            net.fit(data);
            average = i == 0 ? levels[0] : 0.1 * levels[i] + 0.9 * average;
            double[] state = param(net, "weightOscillation");
            assertThat(state[1]).as("level").isEqualTo(levels[i]);
            assertThat(state[2 * 4 + 1]).isCloseTo(frequencies[i], within(1e-6));
            assertThat(state[3 * 4 + 1]).isCloseTo(average, within(1e-6));
            assertThat(new double[] {state[8], state[10], state[11]}).containsExactly(0, 0, 0);
            assertThat(state[16]).isEqualTo(1);
        }
        assertThat(param(net, "weightFrozen")).as("only counted").containsOnly(0);
    }

    @Test
    void weightAboveTheThresholdBecomesItsAverageLevel() {
        LayerQuantization how =
                weightsOnly(3).withOscillation(new OscillationControl(0.1, 0, 0.18));
        MultiLayerNetwork net = linear(new Sgd(0.01), how);
        DataSet data =
                new DataSet(Nd4j.ones(DataType.DOUBLE, 1, 4), Nd4j.ones(DataType.DOUBLE, 1, 1));
        for (double level : new double[] {0, 1, 0, 1}) {
            set(net, 3, level + 0.2, -2.9, 1.1);
            net.fit(data);
        }
        // The frequency is 0.19; the average 0.1 * 1 + 0.9 * 0.09 = 0.181, so the level is 0.
        assertThat(param(net, "weightFrozen")).containsExactly(0, 1, 0, 0);
        data.getLabels().assign(5);
        assertThat(param(net, "W")[1]).isEqualTo(0);
        double[] others = param(net, "W");
        for (int i = 0; i < 3; i++) {
            net.fit(data);
        }
        assertThat(param(net, "W")[1]).isEqualTo(0);
        assertThat(param(net, "W")[3]).isNotEqualTo(others[3]);
        set(net, 3, 1.2, -2.9, 1.1);
        assertThat(((QuantizedWeightLayer) net.getLayer(0)).weightLevels())
                .as("whatever the weight is, its level stays")
                .containsExactly(3, 0, -3, 1);
    }

    /** 2 * dampening * (w - Q(w)), added to the gradient of the loss; none outside of the range. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5})
    void dampeningPullsWeightsToTheirLevel(int examples) {
        double rate = 0.1;
        double dampening = 0.25;
        double[] w = {3, 1.4, -0.6, 0.2};
        INDArray zeros = Nd4j.zeros(DataType.DOUBLE, examples, 4);
        DataSet silent = new DataSet(zeros, Nd4j.zeros(DataType.DOUBLE, examples, 1));
        MultiLayerNetwork net =
                linear(
                        new Sgd(rate),
                        weightsOnly(3)
                                .withOscillation(
                                        OscillationControl.track().withDampening(dampening)));
        set(net, w);
        net.fit(silent);
        double[] level = {3, 1, -1, 0};
        for (int i = 0; i < 4; i++) {
            assertThat(param(net, "W")[i])
                    .as("weight %d", i)
                    .isCloseTo(w[i] - rate * 2 * dampening * (w[i] - level[i]), within(1e-12));
        }
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void frozenOscillatorsKeepTheirIntegerToTheIntegerModel(Nets.Kind kind) {
        LayerQuantization how =
                LayerQuantization.int8()
                        .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()))
                        .withWeight(TensorQuantization.weight(Quantizers.intPerChannel(3)))
                        .withOscillation(new OscillationControl(0.3, 0, 0.35));
        Model net = net(kind, new Nesterovs(0.3, 0.9), DataType.FLOAT, hidden(how));
        List<DataSet> data = batches(DataType.FLOAT, 40);
        int[] kept = new int[FEATURES * HIDDEN];
        boolean[] frozen = new boolean[kept.length];
        int count = 0;
        for (DataSet batch : data) {
            Nets.fit(net, batch);
            double[] flags = param(net, "weightFrozen");
            int[] levels = levels(net);
            for (int i = 0; i < kept.length; i++) {
                if (frozen[i]) {
                    assertThat(flags[i]).isEqualTo(1);
                    assertThat(levels[i]).as("weight %d", i).isEqualTo(kept[i]);
                } else if (flags[i] == 1) {
                    frozen[i] = true;
                    kept[i] = levels[i];
                    count++;
                }
            }
        }
        assertThat(count).as("some freeze, some do not").isBetween(1, kept.length - 1);
        if (net instanceof MultiLayerNetwork chain) {
            ListDataSetIterator<DataSet> test = new ListDataSetIterator<>(data.subList(0, 4), 8);
            try (IntegerNetwork integer = Qat.convert(chain)) {
                assertThat(Qat.verify(chain, integer, test).exact()).isTrue();
                int[] model =
                        inParameterOrder(
                                integer.model().ops().stream()
                                        .filter(op -> op.name().equals("hidden"))
                                        .flatMap(op -> op.constants().stream())
                                        .findFirst()
                                        .orElseThrow()
                                        .values());
                for (int i = 0; i < kept.length; i++) {
                    if (frozen[i]) {
                        assertThat(model[i]).isEqualTo(kept[i]);
                    }
                }
            }
        }
    }

    @Test
    void portionsAndOscillationTogether_areRefused() {
        LayerQuantization q =
                LayerQuantization.int8()
                        .withSchedule(QatSchedule.iterations().steps(Knob.PORTION, 5, 0.5, 1));
        assertThatThrownBy(() -> q.withOscillation(OscillationControl.track()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both freeze weights")
                .hasMessageContaining("portion");
    }

    /** The average of -1 and 1 is near 0, which is no level of one bit. */
    @Test
    void oscillatingSigns_areFrozenAtALevel() {
        LayerQuantization how =
                LayerQuantization.OFF
                        .withQuantizeBias(false)
                        .withWeight(TensorQuantization.weight(Quantizers.binaryPerTensor()))
                        .withOscillation(new OscillationControl(0.4, 0, 0.5));
        MultiLayerNetwork net = linear(new Sgd(1), how);
        INDArray one = Nd4j.eye(4).castTo(DataType.DOUBLE);
        for (int i = 0; i < 12; i++) {
            double sign = i % 2 == 0 ? 1 : -1;
            set(net, 0.5 * sign, 0.5, -0.5, 0.5);
            net.fit(new DataSet(one, Nd4j.zeros(DataType.DOUBLE, 4, 1)));
        }
        assertThat(param(net, "weightFrozen")[0]).isEqualTo(1);
        int[] levels = ((QuantizedWeightLayer) net.getLayer(0)).weightLevels();
        for (int level : levels) {
            assertThat(Math.abs(level)).isEqualTo(1);
        }
    }
}
