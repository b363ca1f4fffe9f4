package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.examples.data.DigitData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.optimize.api.TrainingListener;

/**
 * The experiment of "Custom Gradient Estimators are Straight-Through Estimators in Disguise"
 * (arXiv:2405.05171) on digits: a network trained with a tanh-shaped gradient beside one trained
 * straight through, with the controls that say what a difference means.
 */
public final class EquivalenceExperiment {

    /** The scale-down control: a tenth of the learning rate for three times as long. */
    private static final double SMALLER_RATE = 0.1;

    private static final int MORE_EPOCHS = 3;

    private final Settings settings;
    private final DigitData data;
    private final Watch watch;

    /** Shows how far a training has come. */
    @FunctionalInterface
    public interface Watch {
        /** A listener for one of several networks that train side by side. */
        TrainingListener training(String what, int iterations);
    }

    /** Nothing runs yet. */
    public EquivalenceExperiment(Settings settings, DigitData data, Watch watch) {
        this.settings = settings;
        this.data = data;
        this.watch = watch;
    }

    /** Runs everything. */
    public EquivalenceResult run() {
        long start = System.nanoTime();
        Optimizer optimizer = settings.optimizer();
        Entrant untreated = Entrant.untreated(optimizer);
        List<Entrant> entrants =
                new ArrayList<>(List.of(Entrant.ESTIMATOR, Entrant.STE, untreated));
        if (settings.controls()) {
            entrants.add(Entrant.JITTER);
        }
        Race race = race(settings, "training", entrants);
        Map<String, Comparison> comparisons = new LinkedHashMap<>();
        for (Entrant entrant : entrants.subList(1, entrants.size())) {
            comparisons.put(entrant.key(), race.comparison(entrant));
        }
        if (settings.controls()) {
            Settings smaller =
                    settings.withLearningRate(
                            settings.learningRate() * SMALLER_RATE,
                            settings.epochs() * MORE_EPOCHS);
            comparisons.put(
                    EquivalenceResult.SCALE_DOWN,
                    race(smaller, "scale-down", List.of(Entrant.ESTIMATOR, Entrant.STE))
                            .comparison(Entrant.STE));
        }
        List<EquivalenceResult.Decade> decades = new ArrayList<>();
        decades.add(
                EquivalenceResult.Decade.of(
                        settings.learningRate(),
                        race.comparison(Entrant.STE),
                        race.comparison(untreated)));
        for (int d = 1; d <= settings.decades(); d++) {
            double rate = settings.learningRate() / Math.pow(10, d);
            Race slower =
                    race(
                            settings.withLearningRate(rate, settings.epochs()),
                            "at " + rate,
                            List.of(Entrant.ESTIMATOR, Entrant.STE, untreated));
            decades.add(
                    EquivalenceResult.Decade.of(
                            rate, slower.comparison(Entrant.STE), slower.comparison(untreated)));
        }
        return new EquivalenceResult(
                settings,
                data.source(),
                race.accuracy(Entrant.ESTIMATOR),
                comparisons,
                decades,
                EquivalenceCurves.of(race, entrants),
                (System.nanoTime() - start) / 1e9);
    }

    private Race race(Settings how, String what, List<Entrant> entrants) {
        Race race = new Race(how, entrants, watch.training(what, how.steps()));
        race.run(data.train(), data.test());
        return race;
    }
}
