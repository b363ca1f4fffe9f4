package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.LearnedStep;
import io.github.dl4jqat.estimator.ParametricClipping;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.ops.FakeQuantize;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.solvers.accumulation.encoding.threshold.FixedThresholdAlgorithm;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** What an estimator learns, as a parameter of the layer. */
class LearnedParameterTest {

    private static final LayerWorkspaceMgr NONE = LayerWorkspaceMgr.noWorkspaces();
    private static final int FEATURES = 6;
    private static final int HIDDEN = 5;
    private static final int CLASSES = 3;

    /** Unsigned with its zero at the end, so that the layer's and the op's zero point are known. */
    private static final QuantSpec UNSIGNED =
            new QuantSpec(4, false, Symmetry.SYMMETRIC, false, Granularity.perTensor());

    private static LayerQuantization how(GradientEstimator weights, GradientEstimator outputs) {
        return LayerQuantization.OFF
                .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()))
                .withWeight(
                        TensorQuantization.weight(Quantizers.int4PerChannel())
                                .withEstimator(weights))
                .withOutput(TensorQuantization.activation(UNSIGNED).withEstimator(outputs));
    }

    private static MultiLayerNetwork net(IUpdater updater, DataType type, LayerQuantization how) {
        Layer hidden =
                new QuantDenseLayer.Builder()
                        .name("hidden")
                        .nOut(HIDDEN)
                        .activation(Activation.RELU)
                        .quantization(how)
                        .build();
        Layer out =
                new QuantOutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .quantization(LayerQuantization.int8())
                        .build();
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        new NeuralNetConfiguration.Builder()
                                .seed(3)
                                .dataType(type)
                                .updater(updater),
                        InputType.feedForward(FEATURES),
                        List.of(hidden, out));
    }

    private static DataSet data(DataType type, int seed) {
        Random random = new Random(seed);
        return new DataSet(
                Nets.random(random, type, 8, FEATURES), Nets.labels(random, type, 8, CLASSES));
    }

    private static double[] param(MultiLayerNetwork net, String key) {
        return net.getLayer(0).getParam(key).dup('c').data().asDouble();
    }

    @Test
    void keysAndLengthsFollowTheScales() {
        GradientEstimator lsq = new LearnedStep(1, true);
        for (boolean perChannel : new boolean[] {true, false}) {
            QuantSpec spec = perChannel ? Quantizers.intPerChannel(4) : Quantizers.intPerTensor(4);
            LayerQuantization how =
                    LayerQuantization.int8()
                            .withWeight(TensorQuantization.weight(spec).withEstimator(lsq))
                            .withOutput(TensorQuantization.activation(UNSIGNED).withEstimator(lsq));
            Layer conv =
                    new QuantConvolutionLayer.Builder(2, 2)
                            .name("conv")
                            .nOut(7)
                            .quantization(how)
                            .build();
            Layer dense = new QuantDenseLayer.Builder().name("d").nOut(5).quantization(how).build();
            Layer out =
                    new QuantOutputLayer.Builder(LossFunction.MSE)
                            .name("out")
                            .nOut(3)
                            .quantization(how)
                            .build();
            for (Nets.Kind kind : Nets.Kind.values()) {
                var net =
                        Nets.chain(
                                kind,
                                new NeuralNetConfiguration.Builder(),
                                InputType.convolutional(4, 4, 2),
                                List.of(conv, dense, out));
                Map<String, Integer> outputs = Map.of("conv", 7, "d", 5, "out", 3);
                outputs.forEach(
                        (name, n) -> {
                            Map<String, INDArray> table = Nets.layer(net, name).paramTable();
                            assertThat(table.keySet())
                                    .as(name)
                                    .contains("weightScale", "outputScale", "outputRange")
                                    .doesNotContain("inputScale", "inputRange", "weightFrozen");
                            assertThat(table.get("weightScale").length())
                                    .isEqualTo(perChannel ? n : 1);
                            assertThat(table.get("outputScale").length()).isEqualTo(1);
                        });
            }
        }
        GradientEstimator clipped = GradientEstimators.clipped();
        assertThat(net(new Sgd(1), DataType.FLOAT, how(clipped, clipped)).getLayer(0).paramTable())
                .doesNotContainKeys("weightScale", "outputScale");
    }

    /**
     * With the unit matrix as input, the gradient of the quantized weights is epsilon itself. A sum
     * over a whole tensor goes through memory, which a layer and a graph order differently: there
     * the last bits of a double may differ.
     */
    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void layerAndOpComputeTheSameBits(DataType type) {
        Random random = new Random(17);
        GradientEstimator lsq = new LearnedStep(1, true);
        for (QuantSpec spec : List.of(Quantizers.intPerChannel(3), Quantizers.intPerTensor(3))) {
            Layer dense =
                    new QuantDenseLayer.Builder()
                            .name("hidden")
                            .nOut(HIDDEN)
                            .hasBias(false)
                            .activation(Activation.IDENTITY)
                            .quantization(
                                    LayerQuantization.OFF
                                            .withWeight(
                                                    TensorQuantization.weight(spec)
                                                            .withEstimator(lsq))
                                            .withOutput(
                                                    TensorQuantization.activation(UNSIGNED)
                                                            .withEstimator(lsq)))
                            .build();
            MultiLayerNetwork net =
                    (MultiLayerNetwork)
                            Nets.chain(
                                    Nets.Kind.MULTI_LAYER,
                                    new NeuralNetConfiguration.Builder().dataType(type),
                                    InputType.feedForward(FEATURES),
                                    List.of(
                                            dense,
                                            new OutputLayer.Builder(LossFunction.MSE)
                                                    .nOut(1)
                                                    .activation(Activation.IDENTITY)
                                                    .build()));
            org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
            INDArray w = Nets.random(random, type, FEATURES, HIDDEN);
            layer.getParam("W").assign(w);
            int scales = spec.granularity().kind() == Granularity.Kind.PER_TENSOR ? 1 : HIDDEN;
            INDArray scale = Nets.random(random, type, scales).muli(0.1).addi(0.3);
            layer.getParam("weightScale").assign(scale);
            INDArray outScale = Nd4j.createFromArray(0.05).castTo(type);
            layer.getParam("outputScale").assign(outScale);
            INDArray epsilon = Nets.random(random, type, FEATURES, HIDDEN);

            layer.setInput(Nd4j.eye(FEATURES).castTo(type), NONE);
            INDArray y = layer.activate(true, NONE);
            layer.setBackpropGradientsViewArray(Nd4j.zeros(type, 1, net.getLayer(0).numParams()));
            Gradient g = layer.backpropGradient(epsilon.dup(), NONE).getFirst();

            SameDiff sd = SameDiff.create();
            SDVariable sw = sd.var("w", w.dup());
            SDVariable ss = sd.var("s", scale.dup());
            SDVariable so = sd.var("o", outScale.dup());
            SDVariable zero = sd.constant(Nd4j.scalar(type, 0));
            SDVariable iteration = sd.constant(Nd4j.scalar(type, 0));
            SDVariable qw = FakeQuantize.apply(sd, sw, ss, zero, spec, 1, lsq);
            SDVariable qy =
                    FakeQuantize.apply(
                            sd,
                            qw,
                            so,
                            zero,
                            iteration,
                            List.of(so),
                            UNSIGNED,
                            0,
                            TensorRole.ACTIVATION,
                            lsq);
            qy.mul(sd.constant(epsilon)).sum().markAsLoss();
            Map<String, INDArray> expected = sd.calculateGradients(Map.of(), "w", "s", "o");

            String what = type + " " + spec;
            assertThat(Nets.bits(y)).as(what).isEqualTo(Nets.bits(qy.eval()));
            Map<String, INDArray> actual = g.gradientForVariable();
            if (type == DataType.FLOAT || scales > 1) {
                assertThat(Nets.bits(actual.get("weightScale")))
                        .as(what)
                        .isEqualTo(Nets.bits(expected.get("s")));
            } else {
                double sum = expected.get("s").getDouble(0);
                assertThat(actual.get("weightScale").getDouble(0)).isCloseTo(sum, within(1e-14));
            }
            assertThat(Nets.bits(actual.get("outputScale")))
                    .as(what)
                    .isEqualTo(Nets.bits(expected.get("o")));
            assertThat(Nets.bits(actual.get("W"))).as(what).isEqualTo(Nets.bits(expected.get("w")));
            assertThat(actual.get("weightScale").amaxNumber().doubleValue()).isPositive();
            assertThat(actual.get("outputScale").amaxNumber().doubleValue()).isPositive();
        }
    }

    static Stream<IUpdater> updaters() {
        ISchedule schedule = new MapSchedule(ScheduleType.ITERATION, Map.of(0, 0.1, 1, 0.02));
        return Stream.of(
                new Sgd(0.1),
                new Adam(0.1),
                new Nesterovs(0.1, 0.9),
                new Sgd(schedule),
                new Adam(schedule));
    }

    /** The estimator halves its factor for each bit beyond two. */
    private static double factorOf(BaseLayer conf, double factor) {
        int bits = ((QuantLayerConfiguration) conf).getQuantization().weight().spec().bits();
        return factor * Math.scalb(1.0, Math.min(0, 2 - bits));
    }

    private static MultiLayerNetwork withFactor(IUpdater updater, double factor) {
        GradientEstimator lsq = new LearnedStep(factor, true);
        return net(updater.clone(), DataType.DOUBLE, how(lsq, lsq));
    }

    /** From equal states one step of the parameter is the factor times as long. */
    @ParameterizedTest
    @MethodSource("updaters")
    void learningRateIsTheLayersTimesTheFactor(IUpdater updater) {
        for (boolean changed : new boolean[] {false, true}) {
            MultiLayerNetwork whole = withFactor(updater, 1);
            MultiLayerNetwork quarter = withFactor(updater, 0.25);
            MultiLayerNetwork none = withFactor(updater, 0);
            double rate = 0.1;
            if (changed) {
                rate = 0.03;
                Stream.of(whole, quarter, none).forEach(n -> n.setLearningRate(0.03));
            }
            BaseLayer conf = (BaseLayer) quarter.getLayer(0).conf().getLayer();
            assertThat(conf.getUpdaterByParam("weightScale").getLearningRate(0, 0))
                    .isCloseTo(factorOf(conf, 0.25) * rate, within(1e-15));
            assertThat(conf.getUpdaterByParam("W").getLearningRate(0, 0)).isEqualTo(rate);
            assertThat(conf.getUpdaterByParam("outputRange")).isInstanceOf(NoOp.class);
            DataSet data = data(DataType.DOUBLE, 1);
            Stream.of(whole, quarter, none).forEach(n -> n.fit(data));
            assertThat(Nets.bits(whole.getLayer(0).getParam("W")))
                    .isEqualTo(Nets.bits(quarter.getLayer(0).getParam("W")));
            for (String key : List.of("weightScale", "outputScale")) {
                double[] start = param(none, key);
                double moved = 0;
                for (int c = 0; c < start.length; c++) {
                    double full = param(whole, key)[c] - start[c];
                    assertThat(param(quarter, key)[c] - start[c])
                            .as("%s of %s", key, updater)
                            .isCloseTo(0.25 * full, within(1e-13));
                    moved += Math.abs(full);
                }
                assertThat(moved).as("%s of %s", key, updater).isGreaterThan(1e-6);
            }
        }
    }

    @Test
    void penaltyIsInTheUpdateAndInTheScore() {
        GradientEstimator lsq = new LearnedStep(1, true);
        double l2 = 0.1;
        double rate = 0.5;
        MultiLayerNetwork free =
                net(new Sgd(rate), DataType.DOUBLE, how(lsq, new ParametricClipping(2, 0, 1)));
        MultiLayerNetwork held =
                net(new Sgd(rate), DataType.DOUBLE, how(lsq, new ParametricClipping(2, l2, 1)));
        DataSet data = data(DataType.DOUBLE, 1);
        free.fit(data);
        held.fit(data);
        double difference = param(free, "outputClip")[0] - param(held, "outputClip")[0];
        assertThat(difference).isCloseTo(rate * l2 * 2, within(1e-12));
        free.setParams(held.params());
        double clip = param(held, "outputClip")[0];
        assertThat(held.score(data) - free.score(data))
                .isCloseTo(0.5 * l2 * clip * clip, within(1e-9));
    }

    @Test
    void noStepShrinksToZeroHoweverLargeTheRate() {
        GradientEstimator lsq = new LearnedStep(1, false);
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            MultiLayerNetwork net = net(new Sgd(1e4), type, how(lsq, lsq));
            boolean projected = false;
            for (int i = 0; i < 5; i++) {
                net.fit(data(type, i));
                for (String key : List.of("weightScale", "outputScale")) {
                    for (double step : param(net, key)) {
                        assertThat(step).isGreaterThanOrEqualTo(QuantizerParameter.SMALLEST_STEP);
                        projected |= step == QuantizerParameter.SMALLEST_STEP;
                    }
                }
            }
            assertThat(projected).as("some step would have left its bounds").isTrue();
        }
    }

    /** LSQ's start: 2 mean|w| / sqrt(qMax), with a rate of 0 for a look at it. */
    @Test
    void startsFromTheWeightsAndTheFirstBatch() {
        GradientEstimator lsq = new LearnedStep(0, true);
        MultiLayerNetwork net = net(new Sgd(0.1), DataType.DOUBLE, how(lsq, lsq));
        INDArray w = net.getLayer(0).getParam("W").dup();
        assertThat(param(net, "weightScale")).as("not started").containsOnly(0);
        DataSet first = data(DataType.DOUBLE, 1);
        INDArray x = Nd4j.zerosLike(first.getFeatures());
        net.fit(first);
        for (int c = 0; c < HIDDEN; c++) {
            double mean = w.getColumn(c).norm1Number().doubleValue() / FEATURES;
            assertThat(param(net, "weightScale")[c])
                    .isCloseTo(2 * mean / Math.sqrt(7), within(1e-12));
        }
        double[] started = {param(net, "outputScale")[0]};
        assertThat(started[0]).isPositive();
        net.fit(new DataSet(x, first.getLabels()));
        net.fit(data(DataType.DOUBLE, 2));
        assertThat(param(net, "outputScale")).as("only the first").isEqualTo(started);
    }

    @Test
    void lookingAtANetworkMovesNoByte() {
        GradientEstimator lsq = new LearnedStep(1, true);
        MultiLayerNetwork net = net(new Adam(0.01), DataType.FLOAT, how(lsq, lsq));
        for (int trained = 0; trained < 2; trained++) {
            long[] before = Nets.bits(net.params());
            DataSet other = data(DataType.FLOAT, 9);
            net.output(other.getFeatures());
            net.feedForward(other.getFeatures(), true);
            net.score(other, true);
            net.score(other, false);
            net.evaluate(new ListDataSetIterator<>(List.of(other), 8));
            assertThat(Nets.bits(net.params())).as("trained: %d", trained).isEqualTo(before);
            net.fit(data(DataType.FLOAT, 1));
        }
    }

    @Test
    void gradientIsTheMeanOverTheBatch() {
        GradientEstimator lsq = new LearnedStep(1, true);
        MultiLayerNetwork once = net(new Sgd(0.1), DataType.DOUBLE, how(lsq, lsq));
        MultiLayerNetwork twice = net(new Sgd(0.1), DataType.DOUBLE, how(lsq, lsq));
        DataSet data = data(DataType.DOUBLE, 1);
        once.fit(data);
        twice.fit(
                new DataSet(
                        Nd4j.vstack(data.getFeatures(), data.getFeatures()),
                        Nd4j.vstack(data.getLabels(), data.getLabels())));
        for (String key : List.of("W", "weightScale", "outputScale")) {
            assertThat(param(twice, key)).as(key).containsExactly(param(once, key), within(1e-12));
        }
    }

    @Test
    void cloneAndTransferredLayerGoOnWithWhatWasLearned() {
        GradientEstimator lsq = new LearnedStep(1, true);
        MultiLayerNetwork net = net(new Adam(0.01), DataType.FLOAT, how(lsq, lsq));
        net.fit(data(DataType.FLOAT, 1));
        MultiLayerNetwork copy = net.clone();
        net.fit(data(DataType.FLOAT, 2));
        copy.fit(data(DataType.FLOAT, 2));
        assertThat(Nets.bits(copy.params())).isEqualTo(Nets.bits(net.params()));
        MultiLayerNetwork transferred =
                new TransferLearning.Builder(net)
                        .nOutReplace(1, 4, org.deeplearning4j.nn.weights.WeightInit.XAVIER)
                        .build();
        for (String key : List.of("weightScale", "outputScale", "outputRange", "W")) {
            assertThat(param(transferred, key)).as(key).isEqualTo(param(net, key));
        }
        Random random = new Random(4);
        transferred.fit(
                new DataSet(
                        Nets.random(random, DataType.FLOAT, 8, FEATURES),
                        Nets.labels(random, DataType.FLOAT, 8, 4)));
        assertThat(param(transferred, "weightScale")).isNotEqualTo(param(net, "weightScale"));
    }

    @ParameterizedTest
    @EnumSource(
            value = ParallelWrapper.TrainingMode.class,
            names = {"AVERAGING", "SHARED_GRADIENTS"})
    void workersInParallelLearn(ParallelWrapper.TrainingMode mode) {
        GradientEstimator lsq = new LearnedStep(1, true);
        MultiLayerNetwork net = net(new Sgd(0.1), DataType.FLOAT, how(lsq, lsq));
        net.fit(data(DataType.FLOAT, 0));
        Map<String, double[]> before = new HashMap<>();
        List.of("weightScale", "outputScale").forEach(k -> before.put(k, param(net, k)));
        ParallelWrapper.Builder<?> builder =
                new ParallelWrapper.Builder<>(net)
                        .workers(2)
                        .prefetchBuffer(2)
                        .averagingFrequency(1)
                        .trainingMode(mode);
        if (mode == ParallelWrapper.TrainingMode.SHARED_GRADIENTS) {
            builder.thresholdAlgorithm(new FixedThresholdAlgorithm(1e-5));
        }
        ParallelWrapper wrapper = builder.build();
        List<DataSet> batches = new ArrayList<>();
        for (int i = 1; i < 9; i++) {
            batches.add(data(DataType.FLOAT, i));
        }
        wrapper.fit(new ListDataSetIterator<>(batches, 8));
        wrapper.shutdown();
        for (String key : before.keySet()) {
            double[] start = before.get(key);
            double[] now = param(net, key);
            assertThat(now).as("%s %s", mode, key).isNotEqualTo(start);
            for (int c = 0; c < now.length; c++) {
                assertThat(now[c]).isBetween(start[c] / 2, start[c] * 2);
            }
        }
    }

    @Test
    void preparedLayersLearn() {
        MultiLayerNetwork stock =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                new NeuralNetConfiguration.Builder().updater(new Adam(0.01)),
                                InputType.feedForward(FEATURES),
                                List.of(
                                        new DenseLayer.Builder().name("hidden").nOut(5).build(),
                                        new OutputLayer.Builder(LossFunction.MCXENT)
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build()));
        QatConfig config = QatConfig.builder().estimator(new LearnedStep(1, true)).build();
        MultiLayerNetwork qat = Qat.prepare(stock, config);
        assertThat(param(qat, "W")).isEqualTo(param(stock, "W"));
        assertThat(param(qat, "weightScale")).hasSize(5).containsOnly(0);
        qat.fit(data(DataType.FLOAT, 1));
        double[] first = param(qat, "weightScale");
        assertThat(first).doesNotContain(0);
        qat.fit(data(DataType.FLOAT, 1));
        assertThat(param(qat, "weightScale")).isNotEqualTo(first);
    }
}
