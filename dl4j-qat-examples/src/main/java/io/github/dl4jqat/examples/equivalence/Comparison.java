package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.estimator.EstimatorEquivalence;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far two networks have become the same, by the measures of the protocol. {@code w} are the
 * quantized weights of the first, {@code s} those of the second, {@code M} the map if the second
 * one started from moved weights, else the identity.
 *
 * @param alignmentError {@code sum |M(w) - s| / range} over the sum, over all steps, of {@code
 *     |change of s| / range}
 * @param distance mean of {@code |M(w) - s|} in units of the distance of two levels
 * @param weightAgreement share of the weights with the same level
 * @param changePoints see {@link SequenceAgreement}
 * @param compressed the same without repetitions
 * @param inferenceAgreement share of test digits with the same label
 * @param incorrectInferenceAgreement the same among those that both get wrong; NaN for none
 * @param logitError mean squared difference of the logits
 * @param lossCorrelation of the losses of the training batches
 * @param testLossCorrelation of the losses on the test digits, epoch by epoch
 * @param testAccuracyCorrelation of the accuracies on the test digits
 * @param accuracy of the second network
 */
public record Comparison(
        double alignmentError,
        double distance,
        double weightAgreement,
        SequenceAgreement changePoints,
        SequenceAgreement compressed,
        double inferenceAgreement,
        double incorrectInferenceAgreement,
        double logitError,
        double lossCorrelation,
        double testLossCorrelation,
        double testAccuracyCorrelation,
        double accuracy) {

    /** The part that can be followed while the networks train. */
    record Alignment(double error, double distance, double agreement) {}

    static Alignment alignment(Contender a, Contender b, EstimatorEquivalence[] twins) {
        double error = 0;
        double distance = 0;
        int equal = 0;
        int all = 0;
        for (int l = 0; l < twins.length; l++) {
            QuantizedWeights layer = a.layers().get(l);
            double[] w = a.values()[l];
            double[] s = b.values()[l];
            double sum = 0;
            for (int i = 0; i < w.length; i++) {
                double moved = b.moved() ? layer.moved(w[i], twins[l]) : w[i];
                sum += Math.abs(moved - s[i]);
                equal += layer.level(w[i]) == layer.level(s[i]) ? 1 : 0;
            }
            error += sum / layer.range();
            distance += sum / layer.spacing();
            all += w.length;
        }
        return new Alignment(
                error == 0 ? 0 : error / b.travelled(), distance / all, (double) equal / all);
    }

    static Comparison of(Contender a, Contender b, EstimatorEquivalence[] twins) {
        Alignment alignment = alignment(a, b, twins);
        return new Comparison(
                alignment.error(),
                alignment.distance(),
                alignment.agreement(),
                a.history().agreement(b.history(), false),
                a.history().agreement(b.history(), true),
                a.predictions().agreement(b.predictions()),
                a.predictions().agreementInError(b.predictions()),
                a.predictions().logitError(b.predictions()),
                a.losses().correlation(b.losses()),
                a.testLosses().correlation(b.testLosses()),
                a.testAccuracies().correlation(b.testAccuracies()),
                b.predictions().accuracy());
    }

    /** For a JSON file; what is not a number becomes null. */
    Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("alignmentError", alignmentError);
        entries.put("alignmentDistance", distance);
        entries.put("quantizedWeightAgreement", weightAgreement);
        entries.put("changedWeights", changePoints.changed());
        entries.put("changePointSequenceAgreement", changePoints.sequences());
        entries.put("changePointSequenceAgreementOfChanged", changePoints.sequencesOfChanged());
        entries.put("averageChangePointError", changePoints.stepError());
        entries.put("compressedSequenceAgreement", compressed.sequences());
        entries.put("compressedAverageChangePointError", compressed.stepError());
        entries.put("inferenceAgreement", inferenceAgreement);
        entries.put("incorrectInferenceAgreement", incorrectInferenceAgreement);
        entries.put("logitMse", logitError);
        entries.put("lossCorrelation", lossCorrelation);
        entries.put("testLossCorrelation", testLossCorrelation);
        entries.put("testAccuracyCorrelation", testAccuracyCorrelation);
        entries.put("accuracy", accuracy);
        entries.replaceAll((key, value) -> Double.isNaN((Double) value) ? null : value);
        return entries;
    }
}
