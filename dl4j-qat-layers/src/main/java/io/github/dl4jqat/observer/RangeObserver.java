package io.github.dl4jqat.observer;

import java.io.Serializable;
import org.nd4j.shade.jackson.annotation.JsonSubTypes;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * How a range follows the batches. Part of a layer's configuration; what it has learned is kept in
 * the layer's parameters, not here.
 *
 * <p>Implementations are immutable and thread-safe.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, include = JsonTypeInfo.As.PROPERTY, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = MinMax.class, name = MinMax.NAME),
    @JsonSubTypes.Type(value = MovingAverage.class, name = MovingAverage.NAME)
})
public interface RangeObserver extends Serializable {

    /** The name in configurations. */
    String name();

    /**
     * The range after one more batch.
     *
     * @param old the range so far
     * @param batchMin smallest finite value of the batch
     * @param batchMax largest finite value of the batch
     */
    ObservedRange update(ObservedRange old, float batchMin, float batchMax);

    /** {@link MinMax}. */
    static RangeObserver minMax() {
        return new MinMax();
    }

    /** {@link MovingAverage} with the usual decay of 0.99. */
    static RangeObserver movingAverage() {
        return new MovingAverage(MovingAverage.DEFAULT_DECAY);
    }
}
