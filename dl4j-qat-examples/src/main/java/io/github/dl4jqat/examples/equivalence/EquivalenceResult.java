package io.github.dl4jqat.examples.equivalence;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What an experiment found out. */
public final class EquivalenceResult {

    static final String SCALE_DOWN = "scaleDown";

    private final Settings settings;
    private final String data;
    private final double accuracyEstimator;
    private final Map<String, Comparison> comparisons;
    private final List<Decade> decades;
    private final EquivalenceCurves curves;
    private final double seconds;

    EquivalenceResult(
            Settings settings,
            String data,
            double accuracyEstimator,
            Map<String, Comparison> comparisons,
            List<Decade> decades,
            EquivalenceCurves curves,
            double seconds) {
        this.settings = settings;
        this.data = data;
        this.accuracyEstimator = accuracyEstimator;
        this.comparisons = comparisons;
        this.decades = List.copyOf(decades);
        this.curves = curves;
        this.seconds = seconds;
    }

    /**
     * One learning rate.
     *
     * @param learningRate its peak
     * @param alignmentError of the network treated as the theorem says
     * @param distance of it, in units of the distance of two levels
     * @param weightAgreement of it
     * @param alignmentErrorUntreated of the one with the other treatment
     */
    public record Decade(
            double learningRate,
            double alignmentError,
            double distance,
            double weightAgreement,
            double alignmentErrorUntreated) {

        static Decade of(double rate, Comparison treated, Comparison untreated) {
            return new Decade(
                    rate,
                    treated.alignmentError(),
                    treated.distance(),
                    treated.weightAgreement(),
                    untreated.alignmentError());
        }
    }

    /**
     * The network with the estimator against another one, by {@link Entrant#key} or "scaleDown".
     */
    public Map<String, Comparison> comparisons() {
        return comparisons;
    }

    /** What was compared under a key of {@link #comparisons}, for people. */
    public String describe(String key) {
        return Entrant.of(key)
                .map(entrant -> entrant.words(settings.optimizer()))
                .orElse("the first, a tenth of the rate, 3 times the epochs");
    }

    /** The learning rates that were tried, from the largest. */
    public List<Decade> decades() {
        return decades;
    }

    /** Share of test digits that the network with the estimator gets right. */
    public double accuracyEstimator() {
        return accuracyEstimator;
    }

    /** What happened on the way. */
    EquivalenceCurves curves() {
        return curves;
    }

    /** Duration of the run. */
    public double seconds() {
        return seconds;
    }

    /**
     * The alignment error of a comparison; null for one that was not made. What SGD calls "no warp"
     * is what Adam does anyway, and the other way round.
     */
    private Double alignmentError(String key) {
        Comparison found = comparisons.get(key);
        boolean asTreated = !comparisons.containsKey(Entrant.NO_WARP.key());
        if (found == null && key.equals((asTreated ? Entrant.NO_WARP : Entrant.WARP).key())) {
            found = comparisons.get(Entrant.STE.key());
        }
        return found == null ? null : (Double) found.alignmentError();
    }

    /** The entries of the JSON file, in their order. */
    public Map<String, Object> entries() {
        Comparison ste = comparisons.get(Entrant.STE.key());
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("data", data);
        entries.put("variant", settings.architecture().name());
        entries.put("optimizer", settings.optimizer().name().toLowerCase(Locale.ROOT));
        entries.put("precision", settings.type().name().toLowerCase(Locale.ROOT));
        entries.put("bits", settings.bits());
        entries.put("sharpness", settings.sharpness());
        entries.put("learningRate", settings.learningRate());
        entries.put("learningRateFactor", settings.learningRateFactor());
        entries.put("epochs", settings.epochs());
        entries.put("steps", settings.steps());
        entries.put("seed", settings.seed());
        entries.put("alignmentError", ste.alignmentError());
        entries.put("alignmentErrorNoWarp", alignmentError(Entrant.NO_WARP.key()));
        entries.put("alignmentErrorWarp", alignmentError(Entrant.WARP.key()));
        entries.put("alignmentErrorJitter", alignmentError(Entrant.JITTER.key()));
        entries.put("alignmentErrorScaleDown", alignmentError(SCALE_DOWN));
        entries.put("quantizedWeightAgreement", ste.weightAgreement());
        entries.put("accuracyEstimator", accuracyEstimator);
        entries.put("accuracySte", ste.accuracy());
        Map<String, Object> all = new LinkedHashMap<>();
        comparisons.forEach((key, comparison) -> all.put(key, comparison.entries()));
        entries.put("comparisons", all);
        entries.put("decades", decades);
        entries.put("seconds", seconds);
        return entries;
    }

    /** Draws how the networks stayed together, or did not, as a PNG file. */
    public void plot(Path file) throws IOException {
        EquivalencePlot.write(file, settings, curves);
    }
}
