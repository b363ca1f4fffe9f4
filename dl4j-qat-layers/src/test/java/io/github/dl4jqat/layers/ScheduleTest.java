package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.LearnedStep;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.NeuralNetwork;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a schedule says happens, without a listener, and goes on after loading. */
class ScheduleTest {

    private static final int FEATURES = 6;
    private static final int CLASSES = 3;
    private static final int LEVELS = 16;

    private static LayerQuantization quantization(
            GradientEstimator weights, GradientEstimator activations) {
        return LayerQuantization.OFF
                .withWeight(TensorQuantization.weight(weightSpec(weights)).withEstimator(weights))
                .withOutput(
                        TensorQuantization.activation(activationSpec(activations))
                                .withEstimator(activations));
    }

    /** The first of several specs that an estimator serves, or null. */
    private static QuantSpec served(
            GradientEstimator estimator, TensorRole role, QuantSpec... specs) {
        for (QuantSpec spec : specs) {
            try {
                estimator.requireServes(spec, role);
                return spec;
            } catch (IllegalArgumentException e) {
                // The next one.
            }
        }
        return null;
    }

    private static QuantSpec weightSpec(GradientEstimator estimator) {
        return served(
                estimator,
                TensorRole.WEIGHT,
                Quantizers.int4PerChannel(),
                Quantizers.int2PerChannel(),
                Quantizers.binaryPerChannel());
    }

    private static QuantSpec activationSpec(GradientEstimator estimator) {
        return served(
                estimator,
                TensorRole.ACTIVATION,
                Quantizers.uint4PerTensor(),
                Quantizers.uintPerTensor(1),
                Quantizers.binaryPerTensor());
    }

    private static Model net(Nets.Kind kind, IUpdater updater, LayerQuantization how) {
        Layer hidden =
                new QuantDenseLayer.Builder()
                        .name("hidden")
                        .nOut(5)
                        .activation(Activation.RELU)
                        .quantization(
                                how.withInput(
                                        TensorQuantization.activation(Quantizers.uint8PerTensor())))
                        .build();
        Layer out =
                new QuantOutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .quantization(
                                how.withOutput(
                                        TensorQuantization.activation(Quantizers.uint8PerTensor())))
                        .build();
        NeuralNetConfiguration.Builder settings =
                new NeuralNetConfiguration.Builder().seed(7).l2(1e-3).updater(updater);
        return Nets.chain(kind, settings, InputType.feedForward(FEATURES), List.of(hidden, out));
    }

    private static List<DataSet> batches(int n) {
        Random random = new Random(11);
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            INDArray x = Nets.random(random, DataType.FLOAT, 8, FEATURES).muli(1 + 0.3 * i);
            all.add(new DataSet(x, Nets.labels(random, DataType.FLOAT, 8, CLASSES)));
        }
        return all;
    }

    private static long[] param(Model net, String layer, String key) {
        return Nets.bits(Nets.layer(net, layer).getParam(key));
    }

    /** Whether a hundred examples have no more values than 4 bits have. */
    private static boolean onGrid(Model net, INDArray x) {
        INDArray hidden = Nets.feedForward(net, x, true).get("hidden");
        return Arrays.stream(hidden.dup('c').data().asDouble()).distinct().count() <= LEVELS;
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void calibrationMovesRangesAndQuantizesNoActivation(Nets.Kind kind) {
        QatSchedule schedule = QatSchedule.iterations().calibrateUntil(3).freezeRangesAt(6);
        GradientEstimator clipped = GradientEstimators.clipped();
        Model net =
                net(kind, new Adam(1e-2), quantization(clipped, clipped).withSchedule(schedule));
        List<DataSet> data = batches(9);
        INDArray probe = Nets.random(new Random(3), DataType.FLOAT, 100, FEATURES);
        long[] before = null;
        for (int i = 0; i < data.size(); i++) {
            if (i > 0) {
                assertThat(onGrid(net, probe)).as("quantized in iteration %d", i).isEqualTo(i >= 3);
            }
            long[] weights = param(net, "hidden", "W");
            Nets.fit(net, data.get(i));
            assertThat(param(net, "hidden", "W")).as("trains meanwhile").isNotEqualTo(weights);
            long[] range = param(net, "hidden", "outputRange");
            if (i > 0) {
                if (i < 6) {
                    assertThat(range).as("iteration %d", i).isNotEqualTo(before);
                } else {
                    assertThat(range).as("iteration %d", i).isEqualTo(before);
                }
            }
            before = range;
        }
        assertThat(Nets.layer(net, "hidden").getParam("outputRange").getDouble(2)).isEqualTo(6);
    }

    static Stream<IUpdater> updatersWithMemory() {
        return Stream.of(new Adam(1e-2), new Nesterovs(1e-2, 0.9));
    }

    @ParameterizedTest
    @MethodSource("updatersWithMemory")
    void frozenQuantizersKeepEveryBitWhateverTheUpdaterRemembers(IUpdater updater) {
        for (Nets.Kind kind : Nets.Kind.values()) {
            GradientEstimator learned = new LearnedStep(1, true);
            Model net =
                    net(
                            kind,
                            updater.clone(),
                            quantization(learned, learned)
                                    .withSchedule(QatSchedule.iterations().freezeAt(4)));
            List<DataSet> data = batches(8);
            List<String> keys = List.of("weightScale", "outputScale", "inputRange", "outputRange");
            for (int i = 0; i < data.size(); i++) {
                Map<String, INDArray> table = Nets.layer(net, "hidden").paramTable();
                List<long[]> before = new ArrayList<>();
                keys.forEach(k -> before.add(Nets.bits(table.get(k))));
                long[] weights = Nets.bits(table.get("W"));
                Nets.fit(net, data.get(i));
                for (int j = 0; j < keys.size(); j++) {
                    long[] now = param(net, "hidden", keys.get(j));
                    if (i < 4) {
                        assertThat(now).as("%s, %d", keys.get(j), i).isNotEqualTo(before.get(j));
                    } else {
                        assertThat(now).as("%s, %d", keys.get(j), i).isEqualTo(before.get(j));
                    }
                }
                assertThat(param(net, "hidden", "W")).isNotEqualTo(weights);
            }
        }
    }

    @Test
    void epochsAreThoseOfTheIterator() {
        GradientEstimator clipped = GradientEstimators.clipped();
        Model net =
                net(
                        Nets.Kind.MULTI_LAYER,
                        new Adam(1e-2),
                        quantization(clipped, clipped)
                                .withSchedule(QatSchedule.epochs().freezeRangesAt(2)));
        NeuralNetwork trained = (NeuralNetwork) net;
        List<long[]> ranges = new ArrayList<>();
        for (int epoch = 0; epoch < 4; epoch++) {
            trained.fit(new ListDataSetIterator<>(batches(3), 8));
            ranges.add(param(net, "hidden", "outputRange"));
        }
        assertThat(ranges.get(1)).isNotEqualTo(ranges.get(0));
        assertThat(ranges.get(2)).isEqualTo(ranges.get(1));
        assertThat(ranges.get(3)).isEqualTo(ranges.get(1));
    }

    static Stream<String> estimators() {
        return GradientEstimators.names().stream();
    }

    /** Where one training is saved and loaded, another goes on, and both end with the same bits. */
    private static void assertGoesOn(
            String what, LayerQuantization how, IUpdater updater, int... saves) throws IOException {
        for (Nets.Kind kind : Nets.Kind.values()) {
            Model inOneGo = net(kind, updater.clone(), how);
            Model interrupted = net(kind, updater.clone(), how);
            List<DataSet> data = batches(12);
            for (int i = 0; i < data.size(); i++) {
                Nets.fit(inOneGo, data.get(i));
                Nets.fit(interrupted, data.get(i));
                for (int save : saves) {
                    if (save == i) {
                        interrupted = Nets.saved(interrupted);
                    }
                }
                assertThat(Nets.bits(interrupted.params()))
                        .as("%s, %s, iteration %d", what, kind, i)
                        .isEqualTo(Nets.bits(inOneGo.params()));
            }
            assertThat(Nets.state(interrupted).get(1)).isEqualTo(Nets.state(inOneGo).get(1));
            assertThat(inOneGo.params().isNaN().any()).as(what).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("estimators")
    void trainingGoesOnWhereItWasSaved(String name) throws IOException {
        GradientEstimator estimator = GradientEstimators.named(name);
        GradientEstimator clipped = GradientEstimators.clipped();
        QatSchedule schedule =
                QatSchedule.iterations()
                        .calibrateUntil(2)
                        .freezeRangesAt(6)
                        .ramp(Knob.ALPHA, 2, 0.5, 8, 0.1)
                        .ramp(Knob.NOISE_RATE, 2, 0.2, 8, 1)
                        .freezeAt(9);
        boolean weights = weightSpec(estimator) != null;
        boolean activations = activationSpec(estimator) != null;
        assertThat(weights || activations).as("%s serves something", name).isTrue();
        LayerQuantization how =
                quantization(weights ? estimator : clipped, activations ? estimator : clipped);
        assertGoesOn(name, how.withSchedule(schedule), new Adam(1e-2), 0, 1, 4, 8, 10);
        if (weights) {
            QatSchedule portions =
                    QatSchedule.iterations().steps(Knob.PORTION, 3, 0.4, 0.7, 0.9, 1);
            assertGoesOn(
                    name + " incremental",
                    how.withSchedule(portions),
                    new Nesterovs(1e-2, 0.9),
                    1,
                    4,
                    10);
        }
    }

    @Test
    void oscillationControlGoesOnWhereItWasSaved() throws IOException {
        GradientEstimator clipped = GradientEstimators.clipped();
        LayerQuantization how =
                quantization(clipped, clipped)
                        .withOscillation(new OscillationControl(0.3, 0.01, 0.35));
        assertGoesOn("oscillation", how, new Nesterovs(0.3, 0.9), 0, 3, 7);
        QatSchedule schedule =
                QatSchedule.iterations()
                        .ramp(Knob.DAMPENING, 0, 0, 10, 0.1)
                        .ramp(Knob.OSCILLATION_THRESHOLD, 0, 1, 10, 0.2);
        assertGoesOn("scheduled", how.withSchedule(schedule), new Adam(0.1), 1, 5);
    }
}
