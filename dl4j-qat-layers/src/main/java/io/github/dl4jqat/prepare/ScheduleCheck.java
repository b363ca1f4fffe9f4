package io.github.dl4jqat.prepare;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import java.util.List;

/**
 * Whether a schedule goes with the rest of a configuration.
 *
 * @param weights the estimator of the weights
 * @param activations that of the activations
 * @param oscillation what is done about oscillating weights, or null
 * @param rules those for single layers
 */
record ScheduleCheck(
        GradientEstimator weights,
        GradientEstimator activations,
        OscillationControl oscillation,
        List<LayerRules.Selected> rules) {

    /**
     * A ramp that moves nothing is a mistake that training would not show.
     *
     * @param schedule may be null
     * @throws IllegalArgumentException naming a ramp of what no estimator and no rule has
     */
    void requireUsefulRamps(QatSchedule schedule) {
        if (schedule == null) {
            return;
        }
        for (QatSchedule.Ramp ramp : schedule.ramps()) {
            Knob knob = ramp.knob();
            boolean oscillating = knob == Knob.DAMPENING || knob == Knob.OSCILLATION_THRESHOLD;
            boolean used =
                    knob == Knob.PORTION
                            || (oscillating && oscillation != null)
                            || weights.knobs().contains(knob)
                            || activations.knobs().contains(knob)
                            || rules.stream().anyMatch(r -> r.rule().moves(knob));
            if (!used) {
                throw new IllegalArgumentException(
                        "QatConfig: the schedule has a ramp of "
                                + knob.word()
                                + ", which neither estimator '"
                                + weights.name()
                                + "' of the weights nor '"
                                + activations.name()
                                + "' of the activations has"
                                + (oscillating ? "; give an OscillationControl" : ""));
            }
        }
    }
}
