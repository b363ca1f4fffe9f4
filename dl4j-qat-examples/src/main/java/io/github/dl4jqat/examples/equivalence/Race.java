package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.estimator.EstimatorEquivalence;
import io.github.dl4jqat.examples.data.DigitSet;
import io.github.dl4jqat.examples.data.DigitSetIterator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Networks that start from the same weights and train on the same batches, step by step side by
 * side, so that they can be compared on the way. Not thread-safe.
 */
final class Race {

    private static final int POINTS = 100;

    private final Settings settings;
    private final Map<Entrant, Contender> contenders = new EnumMap<>(Entrant.class);
    private final Map<Entrant, Curve> alignments = new EnumMap<>(Entrant.class);
    private final Map<Entrant, Curve> agreements = new EnumMap<>(Entrant.class);
    private final EstimatorEquivalence[] twins;

    Race(Settings settings, List<Entrant> entrants, TrainingListener listener) {
        this.settings = settings;
        for (Entrant entrant : entrants) {
            contenders.put(entrant, contender(entrant));
        }
        Contender first = contenders.get(Entrant.ESTIMATOR);
        MultiLayerNetwork start = first.net();
        twins =
                first.layers().stream()
                        .map(layer -> settings.twin(layer.range()))
                        .toArray(EstimatorEquivalence[]::new);
        for (Contender contender : contenders.values()) {
            contender.start(start, twins);
        }
        for (Entrant entrant : entrants) {
            if (entrant != Entrant.ESTIMATOR) {
                alignments.put(entrant, new Curve());
                agreements.put(entrant, new Curve());
            }
        }
        start.setListeners(listener);
    }

    private Contender contender(Entrant entrant) {
        WarmupCosine schedule =
                WarmupCosine.over(settings.steps(), settings.learningRate() * entrant.rateFactor());
        return new Contender(
                settings.architecture()
                        .network(
                                settings.spec(),
                                settings.estimatorOf(entrant),
                                settings.optimizer().updater(schedule),
                                settings.seed(),
                                settings.type()),
                settings::params,
                entrant.warps(settings.optimizer()));
    }

    /** Trains them all. */
    void run(DigitSet train, DigitSet test) {
        Architecture architecture = settings.architecture();
        DigitSetIterator batches =
                architecture.shuffled()
                        ? DigitSetIterator.shuffled(train, architecture.batch(), settings.seed())
                        : DigitSetIterator.inOrder(train, architecture.batch());
        TestDigits digits = new TestDigits(test);
        int interval = Math.max(1, settings.steps() / POINTS);
        align(0);
        for (int step = 1; step <= settings.steps(); step++) {
            if (!batches.hasNext()) {
                batches.reset();
            }
            DataSet batch = batches.next();
            INDArray features = batch.getFeatures().castTo(settings.type());
            INDArray labels = batch.getLabels().castTo(settings.type());
            for (Contender contender : contenders.values()) {
                contender.step(features, labels, step);
            }
            if (step % interval == 0) {
                align(step);
            }
            if (step % architecture.stepsPerEpoch() == 0) {
                for (Contender contender : contenders.values()) {
                    contender.test(digits, step);
                }
            }
        }
    }

    private void align(int step) {
        Contender first = contenders.get(Entrant.ESTIMATOR);
        alignments.forEach(
                (entrant, curve) -> {
                    Comparison.Alignment now =
                            Comparison.alignment(first, contenders.get(entrant), twins);
                    curve.add(step, now.error());
                    agreements.get(entrant).add(step, now.agreement());
                });
    }

    /** The network with the estimator compared with another one. */
    Comparison comparison(Entrant entrant) {
        return Comparison.of(contenders.get(Entrant.ESTIMATOR), contenders.get(entrant), twins);
    }

    /** Alignment error over the steps. */
    Map<Entrant, Curve> alignments() {
        return alignments;
    }

    /** Weight agreement over the steps. */
    Map<Entrant, Curve> agreements() {
        return agreements;
    }

    Curve testAccuracies(Entrant entrant) {
        return contenders.get(entrant).testAccuracies();
    }

    double accuracy(Entrant entrant) {
        return contenders.get(entrant).predictions().accuracy();
    }
}
