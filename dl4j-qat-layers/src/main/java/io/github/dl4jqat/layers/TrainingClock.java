package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.QatSchedule;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;

/**
 * What time it is for a running layer, by the iteration and epoch counts that DL4J keeps and saves,
 * and what its schedule says about it. Not thread-safe, as the layer is not.
 */
final class TrainingClock {

    /** Tensors of a layer that may draw random numbers. */
    private static final int TENSORS = 5;

    /** Streams of a whole network stay below this power of two. */
    private static final int PART_SHIFT = 40;

    /** The weights' random numbers. */
    static final int WEIGHT = 0;

    /** The input's. */
    static final int INPUT = 1;

    /** Those of the value before the activation function. */
    static final int PRE_ACTIVATION = 2;

    /** The output's. */
    static final int OUTPUT = 3;

    /** Those of a tensor inside the layer. */
    static final int INNER = 4;

    /** Those of the weights between time steps; streams below zero are theirs alone. */
    static final int RECURRENT = -1;

    /** Those of a depthwise part's weights; streams below zero are theirs alone. */
    static final int DEPTHWISE = -1;

    private final Layer layer;
    private final QatSchedule schedule;

    TrainingClock(Layer layer, QatSchedule schedule) {
        this.layer = layer;
        this.schedule = schedule == null ? QatSchedule.iterations() : schedule;
    }

    /** Now, for one tensor of the layer. */
    Moment moment(boolean training, int tensor) {
        if (!training) {
            return Moment.EVALUATION;
        }
        int iteration = layer.getIterationCount();
        Map<Knob, Double> knobs = schedule.knobs(iteration, layer.getEpochCount());
        long stream =
                tensor < 0 ? -1L - layer.getIndex() : (long) layer.getIndex() * TENSORS + tensor;
        stream += (long) PartOfLayer.of(layer) << PART_SHIFT;
        return new Moment(true, iteration, stream, knobs);
    }

    boolean isCalibrating() {
        return schedule.isCalibrating(layer.getIterationCount(), layer.getEpochCount());
    }

    boolean areRangesFrozen() {
        return schedule.areRangesFrozen(layer.getIterationCount(), layer.getEpochCount());
    }

    boolean isBatchNormFrozen() {
        return schedule.isBatchNormFrozen(layer.getIterationCount(), layer.getEpochCount());
    }

    boolean isFrozen() {
        return schedule.isFrozen(layer.getIterationCount(), layer.getEpochCount());
    }
}
