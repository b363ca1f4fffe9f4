package io.github.dl4jqat.observer;

/** The smallest and the largest value ever seen: nothing is clipped, one outlier stays forever. */
public record MinMax() implements RangeObserver {

    /** The name in configurations. */
    public static final String NAME = "min-max";

    private static final long serialVersionUID = 1L;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public ObservedRange update(ObservedRange old, float batchMin, float batchMax) {
        if (old.batches() == 0) {
            return new ObservedRange(batchMin, batchMax, 1);
        }
        return new ObservedRange(
                Math.min(old.min(), batchMin), Math.max(old.max(), batchMax), old.batches() + 1);
    }
}
