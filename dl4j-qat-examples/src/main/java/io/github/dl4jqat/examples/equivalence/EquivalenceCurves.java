package io.github.dl4jqat.examples.equivalence;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What happened over the steps of the training, by network.
 *
 * @param alignmentErrors against the network with the estimator
 * @param weightAgreements likewise
 * @param testAccuracies of each network
 */
record EquivalenceCurves(
        Map<Entrant, Curve> alignmentErrors,
        Map<Entrant, Curve> weightAgreements,
        Map<Entrant, Curve> testAccuracies) {

    static EquivalenceCurves of(Race race, List<Entrant> entrants) {
        Map<Entrant, Curve> accuracies = new EnumMap<>(Entrant.class);
        for (Entrant entrant : entrants) {
            accuracies.put(entrant, race.testAccuracies(entrant));
        }
        return new EquivalenceCurves(race.alignments(), race.agreements(), accuracies);
    }
}
