package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.prepare.QatConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.ScoreCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.NeuralNetwork;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.optimize.api.InvocationType;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.deeplearning4j.optimize.listeners.PerformanceListener;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;
import org.deeplearning4j.optimize.solvers.accumulation.encoding.threshold.FixedThresholdAlgorithm;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** Prepared networks in Deeplearning4j's own loops of training, and in one written by hand. */
@ExtendWith(Seeds.class)
class TrainingLoopTest {

    private final Random random = new Random(Seeds.current());

    static Stream<TrainingSubject> subjects() {
        return TrainingSubject.all();
    }

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(6).updater(new Adam(1e-2));
    }

    private static void fit(Model net, DataSetIterator data, int epochs) {
        if (net instanceof MultiLayerNetwork chain) {
            chain.fit(data, epochs);
        } else {
            ((ComputationGraph) net).fit(data, epochs);
        }
    }

    private static void learningRate(Model net, double rate) {
        if (net instanceof MultiLayerNetwork chain) {
            chain.setLearningRate(rate);
        } else {
            ((ComputationGraph) net).setLearningRate(rate);
        }
    }

    /** All ranges by parameter, as min and max. */
    private static Map<String, double[]> ranges(Model net) {
        Map<String, double[]> ranges = new TreeMap<>();
        net.paramTable()
                .forEach(
                        (k, v) -> {
                            if (k.endsWith("Range")) {
                                ranges.put(k, new double[] {v.getDouble(0), v.getDouble(1)});
                            }
                        });
        assertThat(ranges).isNotEmpty();
        return ranges;
    }

    /** Ends of ranges that are near by the width of the wider one. */
    private static void assertNear(
            Map<String, double[]> actual, Map<String, double[]> expected, double tolerance) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach(
                (key, range) -> {
                    double width = Math.max(range[1] - range[0], 1e-6);
                    for (int end = 0; end < 2; end++) {
                        assertThat(actual.get(key)[end])
                                .as(key + " end " + end)
                                .isCloseTo(range[end], Offset.offset(tolerance * width));
                    }
                });
    }

    /** Says that the second of three epochs was the best, whatever the network does. */
    private static final class SecondIsBest<M extends Model> implements ScoreCalculator<M> {
        private static final long serialVersionUID = 1L;

        private final transient List<List<long[]>> seen = new ArrayList<>();

        @Override
        public double calculateScore(M network) {
            seen.add(Nets.state(network));
            return seen.size() == 2 ? 0.25 : 1;
        }

        @Override
        public boolean minimizeScore() {
            return true;
        }
    }

    private static <M extends Model> EarlyStoppingConfiguration<M> stopping(
            SecondIsBest<M> calculator) {
        return new EarlyStoppingConfiguration.Builder<M>()
                .epochTerminationConditions(new MaxEpochsTerminationCondition(3))
                .scoreCalculator(calculator)
                .modelSaver(new InMemoryModelSaver<>())
                .evaluateEveryNEpochs(1)
                .build();
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void earlyStopping_bringsBackRangesAndWeightsOfTheBestEpoch(TrainingSubject subject) {
        Model net = subject.prepared(settings(), QatConfig.int8());
        ListDataSetIterator<DataSet> data = subject.data(random, 4, 5);
        List<List<long[]>> seen;
        EarlyStoppingResult<? extends Model> result;
        if (net instanceof MultiLayerNetwork chain) {
            SecondIsBest<MultiLayerNetwork> calculator = new SecondIsBest<>();
            result = new EarlyStoppingTrainer(stopping(calculator), chain, data).fit();
            seen = calculator.seen;
        } else {
            SecondIsBest<ComputationGraph> calculator = new SecondIsBest<>();
            result =
                    new EarlyStoppingGraphTrainer(
                                    stopping(calculator), (ComputationGraph) net, data)
                            .fit();
            seen = calculator.seen;
        }
        assertThat(result.getBestModelEpoch()).isEqualTo(1);
        assertThat(Nets.state(result.getBestModel()))
                .usingRecursiveComparison()
                .isEqualTo(seen.get(1));
        assertThat(Nets.bits(net.params())).isNotEqualTo(seen.get(1).get(0));
        assertThat(TrainingSubject.verify(result.getBestModel(), data).exact()).isTrue();
    }

    static Stream<Arguments> subjectsInParallel() {
        return subjects()
                .flatMap(
                        s ->
                                Stream.of(
                                                ParallelWrapper.TrainingMode.AVERAGING,
                                                ParallelWrapper.TrainingMode.SHARED_GRADIENTS)
                                        .map(mode -> Arguments.of(s, mode)));
    }

    /** Trains with two workers, in one go. */
    private static void fitInParallel(
            Model net, List<DataSet> batches, ParallelWrapper.TrainingMode mode) {
        ParallelWrapper.Builder<?> builder =
                new ParallelWrapper.Builder<>(net)
                        .workers(2)
                        .prefetchBuffer(2)
                        .averagingFrequency(1)
                        .trainingMode(mode);
        if (mode == ParallelWrapper.TrainingMode.SHARED_GRADIENTS) {
            builder.thresholdAlgorithm(new FixedThresholdAlgorithm(1e-3));
        }
        ParallelWrapper wrapper = builder.build();
        // After a fit with shared gradients the next one may wait for itself forever, with stock
        // networks too, because the wrapper has dropped the updater.
        wrapper.fit(new ListDataSetIterator<>(batches, 1));
        wrapper.shutdown();
    }

    private List<DataSet> epochs(TrainingSubject subject, int epochs) {
        List<DataSet> once = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            once.add(subject.batch(random, 24));
        }
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < epochs; i++) {
            all.addAll(once);
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("subjectsInParallel")
    void workersInParallel_learn(TrainingSubject subject, ParallelWrapper.TrainingMode mode) {
        Model net = subject.prepared(settings(), QatConfig.int8());
        List<DataSet> batches = epochs(subject, 6);
        DataSet all = DataSet.merge(batches.subList(0, 6));
        double untrained = Nets.score(net, all, false);
        fitInParallel(net, batches, mode);
        assertThat(net.params().isNaN().any()).isFalse();
        assertThat(Nets.score(net, all, false)).isLessThan(untrained);
        assertThat(
                        TrainingSubject.verify(
                                        net, new ListDataSetIterator<>(batches.subList(0, 2), 1))
                                .exact())
                .isTrue();
    }

    /**
     * Where nothing learns, ranges depend on the data alone. If they went the way of the gradients,
     * shared ones would move them by a threshold at each step, and averages would halve them.
     */
    @ParameterizedTest
    @MethodSource("subjectsInParallel")
    void workersInParallel_moveRangesAsFarAsASingleOne(
            TrainingSubject subject, ParallelWrapper.TrainingMode mode) {
        Model single = subject.prepared(settings(), QatConfig.int8());
        Model parallel = subject.prepared(settings(), QatConfig.int8());
        learningRate(single, 0);
        learningRate(parallel, 0);
        List<DataSet> batches = epochs(subject, 1);
        fit(single, new ListDataSetIterator<>(batches, 1), 1);
        fitInParallel(parallel, batches, mode);
        assertNear(ranges(parallel), ranges(single), 0.2);
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void clippedGradients_leaveRangesWhole(TrainingSubject subject) {
        QatConfig config = QatConfig.builder().observer(RangeObserver.minMax()).build();
        DataSet batch = subject.batch(random, 6);
        Map<String, double[]> expected = null;
        for (GradientNormalization normalization : GradientNormalization.values()) {
            Model net =
                    subject.prepared(
                            settings()
                                    .updater(new Sgd(0.1))
                                    .gradientNormalization(normalization)
                                    .gradientNormalizationThreshold(1e-6),
                            config);
            INDArray before = net.params().dup();
            Nets.fit(net, batch);
            if (expected == null) {
                expected = ranges(net);
            }
            // The first step sees what all of them start with, so the ranges are the same bits.
            assertNear(ranges(net), expected, 0);
            assertThat(net.params()).as(normalization.name()).isNotEqualTo(before);
        }
    }

    private static INDArray gradient(Model net, DataSet batch) {
        if (net instanceof MultiLayerNetwork chain) {
            chain.setInput(batch.getFeatures());
            chain.setLabels(batch.getLabels());
            chain.computeGradientAndScore();
            return chain.getFlattenedGradients();
        }
        ComputationGraph graph = (ComputationGraph) net;
        graph.setInput(0, batch.getFeatures());
        graph.setLabel(0, batch.getLabels());
        graph.computeGradientAndScore();
        return graph.getFlattenedGradients();
    }

    /** The parts of a flat gradient that belong to ranges. */
    private static INDArray ofRanges(Model net, INDArray flat) {
        INDArray parts = flat.like();
        long at = 0;
        for (INDArray p : net.paramTable().values()) {
            at += p.length();
        }
        assertThat(at).isEqualTo(flat.length());
        at = 0;
        for (Map.Entry<String, INDArray> p : net.paramTable().entrySet()) {
            for (long i = 0; i < p.getValue().length(); i++, at++) {
                if (p.getKey().endsWith("Range")) {
                    parts.putScalar(at, flat.getDouble(at));
                }
            }
        }
        return parts;
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void accumulatedGradients_areThoseOfTheWholeBatch_andEveryPartMovesTheRanges(
            TrainingSubject subject) {
        DataSet whole = subject.batch(random, 8);
        List<DataSet> parts = List.of(copyOf(whole, 0, 4), copyOf(whole, 4, 8));
        QatConfig config = QatConfig.builder().observer(RangeObserver.minMax()).build();
        Model net = subject.prepared(settings().updater(new Sgd(0.1)), config);
        // Both ways see the data once before, so that what is quantized is quantized alike.
        gradient(net, whole);
        Model accumulating = Nets.copy(net);
        INDArray expected = gradient(net, whole).dup();
        INDArray weights = accumulating.params().dup();
        INDArray sum = expected.like();
        for (DataSet part : parts) {
            INDArray g = gradient(accumulating, part);
            assertThat(ofRanges(accumulating, g.dup()).amaxNumber().doubleValue()).isZero();
            sum.addi(g);
        }
        // Computing gradients changes no weight, and no range that has seen all this before.
        assertThat(accumulating.params().sub(weights).amaxNumber().doubleValue())
                .isLessThanOrEqualTo(3);
        assertNear(ranges(accumulating), ranges(net), 1e-6);
        if (subject.additive()) {
            assertThat(sum.distance2(expected))
                    .isLessThan(1e-3 * expected.norm2Number().doubleValue());
        }

        Model fresh = subject.prepared(settings().updater(new Sgd(0.1)), config);
        gradient(fresh, parts.get(0));
        Map<String, double[]> afterOne = ranges(fresh);
        DataSet loud = parts.get(1).copy();
        loud.getFeatures().muli(3);
        gradient(fresh, loud);
        Map<String, double[]> afterBoth = ranges(fresh);
        int wider = 0;
        for (Map.Entry<String, double[]> one : afterOne.entrySet()) {
            double[] both = afterBoth.get(one.getKey());
            assertThat(both[0]).as(one.getKey()).isLessThanOrEqualTo(one.getValue()[0]);
            assertThat(both[1]).as(one.getKey()).isGreaterThanOrEqualTo(one.getValue()[1]);
            wider += both[1] - both[0] > one.getValue()[1] - one.getValue()[0] ? 1 : 0;
        }
        // At least the input's.
        assertThat(wider).isPositive();
    }

    private static DataSet copyOf(DataSet whole, int from, int to) {
        List<DataSet> examples = whole.asList().subList(from, to);
        return DataSet.merge(examples);
    }

    /** What a monitoring listener reads, and what it found wrong. */
    private static final class Reader extends BaseTrainingListener {
        private final List<String> problems = new ArrayList<>();
        private final Map<String, double[]> widest = new LinkedHashMap<>();
        private final Set<String> hooks = new TreeSet<>();

        @Override
        public void onEpochStart(Model model) {
            hooks.add("epochStart");
        }

        @Override
        public void onEpochEnd(Model model) {
            hooks.add("epochEnd");
        }

        @Override
        public void onForwardPass(Model model, List<INDArray> activations) {
            hooks.add("forwardList");
            activations.forEach(a -> requireFinite("activation", a));
        }

        @Override
        public void onForwardPass(Model model, Map<String, INDArray> activations) {
            hooks.add("forwardMap");
            activations.forEach(this::requireFinite);
        }

        @Override
        public void onGradientCalculation(Model model) {
            hooks.add("gradient");
            Map<String, INDArray> gradients = model.gradient().gradientForVariable();
            if (!new TreeSet<>(gradients.keySet())
                    .equals(new TreeSet<>(model.paramTable().keySet()))) {
                problems.add(gradients.keySet() + " beside " + model.paramTable().keySet());
            }
            gradients.forEach(this::requireFinite);
        }

        @Override
        public void onBackwardPass(Model model) {
            hooks.add("backward");
        }

        @Override
        public void iterationDone(Model model, int iteration, int epoch) {
            hooks.add("iteration");
            model.paramTable().forEach(this::requireFinite);
            ranges(model)
                    .forEach(
                            (key, range) -> {
                                double[] last = widest.put(key, range);
                                if (last != null && (range[0] > last[0] || range[1] < last[1])) {
                                    problems.add(key + " shrinks");
                                }
                            });
            for (Layer layer :
                    model instanceof MultiLayerNetwork chain
                            ? chain.getLayers()
                            : ((ComputationGraph) model).getLayers()) {
                for (String variable : layer.conf().variables()) {
                    IUpdater updater = layer.getConfig().getUpdaterByParam(variable);
                    if (updater == null
                            || (variable.endsWith("Range") && !(updater instanceof NoOp))) {
                        problems.add(variable + " has updater " + updater);
                    }
                }
            }
        }

        private void requireFinite(String what, INDArray array) {
            if (array.isNaN().any() || array.isInfinite().any()) {
                problems.add(what + " is not finite");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void listeners_seeEverything_andChangeNothing(TrainingSubject subject, @TempDir Path folder)
            throws Exception {
        QatConfig config = QatConfig.builder().observer(RangeObserver.minMax()).build();
        Model alone = subject.prepared(settings(), config);
        Model watched = subject.prepared(settings(), config);
        ListDataSetIterator<DataSet> data = subject.data(random, 4, 5);
        Reader reader = new Reader();
        CheckpointListener checkpoints =
                new CheckpointListener.Builder(folder.toFile())
                        .keepAll()
                        .saveEveryNEpochs(1)
                        .build();
        List<TrainingListener> listeners =
                List.of(
                        reader,
                        checkpoints,
                        new ScoreIterationListener(1),
                        new PerformanceListener(1, true),
                        new EvaluativeListener(
                                subject.data(random, 1, 4), 2, InvocationType.ITERATION_END));
        ((NeuralNetwork) watched).init();
        if (watched instanceof MultiLayerNetwork chain) {
            chain.setListeners(listeners);
        } else {
            ((ComputationGraph) watched).setListeners(listeners);
        }
        fit(alone, data, 3);
        fit(watched, data, 3);
        assertThat(reader.problems).isEmpty();
        assertThat(reader.hooks)
                .contains("epochStart", "epochEnd", "gradient", "backward", "iteration")
                .containsAnyOf("forwardList", "forwardMap");
        assertThat(Nets.state(watched)).usingRecursiveComparison().isEqualTo(Nets.state(alone));
        assertThat(checkpoints.availableCheckpoints()).hasSize(3);
        Model last =
                watched instanceof MultiLayerNetwork
                        ? checkpoints.loadCheckpointMLN(2)
                        : checkpoints.loadCheckpointCG(2);
        assertThat(Nets.state(last)).usingRecursiveComparison().isEqualTo(Nets.state(watched));
        assertThat(TrainingSubject.verify(last, data).exact()).isTrue();
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isNotEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void learningRateOfZero_stopsWeights_notRanges(TrainingSubject subject) {
        Model net = subject.prepared(settings().updater(new Sgd(0.1)), QatConfig.int8());
        learningRate(net, 0);
        INDArray weights = Nets.layer(net, subject.first()).getParam("W").dup();
        fit(net, subject.data(random, 3, 5), 2);
        assertThat(Nets.layer(net, subject.first()).getParam("W")).isEqualTo(weights);
        // Before a function that is a clamp there is a range that nothing uses.
        Map<String, double[]> used = ranges(net);
        used.keySet().removeIf(key -> !key.endsWith("outputRange"));
        assertThat(used).hasSizeGreaterThan(2);
        used.forEach((key, range) -> assertThat(range[1]).as(key).isGreaterThan(range[0]));
    }
}
