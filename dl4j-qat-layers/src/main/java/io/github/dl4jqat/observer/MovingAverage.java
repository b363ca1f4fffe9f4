package io.github.dl4jqat.observer;

/**
 * The average of the batches' ranges, older batches fading out:
 *
 * <pre>
 *   w = max(1 - decay, 1 / (batches + 1))
 *   min += w * (batchMin - min),  max += w * (batchMax - max)
 * </pre>
 *
 * The first batch sets the range, the following ones are averaged with equal weight until 1 / (1 -
 * decay) of them have been seen, and from there on it is the usual exponential average. So the
 * average is never biased towards a made-up starting range.
 *
 * @param decay weight of the past, in [0, 1)
 */
public record MovingAverage(double decay) implements RangeObserver {

    /** The name in configurations. */
    public static final String NAME = "moving-average";

    /** The usual decay. */
    public static final double DEFAULT_DECAY = 0.99;

    private static final long serialVersionUID = 1L;

    /** Checks the decay. */
    public MovingAverage {
        if (!(decay >= 0 && decay < 1)) {
            throw new IllegalArgumentException(
                    "MovingAverage: decay=" + decay + " is outside [0, 1); 0.99 is usual");
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public ObservedRange update(ObservedRange old, float batchMin, float batchMax) {
        double w = Math.max(1 - decay, 1.0 / (old.batches() + 1));
        return new ObservedRange(
                (float) (old.min() + w * ((double) batchMin - old.min())),
                (float) (old.max() + w * ((double) batchMax - old.max())),
                old.batches() + 1);
    }
}
