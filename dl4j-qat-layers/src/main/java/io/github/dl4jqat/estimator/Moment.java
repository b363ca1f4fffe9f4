package io.github.dl4jqat.estimator;

import java.util.Map;

/**
 * When a tensor is quantized: what an estimator may depend on beyond its configuration. Immutable
 * and thread-safe.
 *
 * @param training whether this is a training pass; evaluation has no noise and no soft forms
 * @param iteration number of the training iteration; the same in its forward and backward pass
 * @param stream tells tensors apart that draw random numbers in the same iteration
 * @param knobs what a schedule says about this iteration; a knob that is not in it has the value of
 *     the estimator's configuration
 */
public record Moment(boolean training, long iteration, long stream, Map<Knob, Double> knobs) {

    /** Evaluation. */
    public static final Moment EVALUATION = new Moment(false, 0, 0, Map.of());

    /** Takes a copy. */
    public Moment {
        knobs = Map.copyOf(knobs);
    }

    /** A training iteration without a schedule. */
    public static Moment training(long iteration, long stream) {
        return new Moment(true, iteration, stream, Map.of());
    }

    /** The knob's scheduled value, or the configured one. */
    public double value(Knob knob, double configured) {
        Double scheduled = knobs.get(knob);
        return scheduled == null ? configured : scheduled;
    }
}
