package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.observer.ObservedRange;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The quantizer of one activation tensor: its range lives in three parameters of the layer ({@code
 * min, max, batches}), from which {@link QuantParams#fromRange} gives scale and zero point. Only
 * the range is stored, because parallel training averages parameters: the average of two ranges is
 * a range, the average of two zero points is not an integer.
 *
 * <p>A training forward pass looks at the batch and uses the moved range, but only the backward
 * pass writes it down. So whatever runs forward without training (output, evaluation, a score on a
 * validation set) cannot move a range, whichever flag DL4J passes along.
 */
final class ActivationQuantizer {

    static final int STATE_LENGTH = 3;

    /** Counting further would say nothing, and a float counts no further than 2^24. */
    private static final long MAX_COUNT = 1L << 20;

    private final TensorQuantization how;
    private final INDArray state;
    private final int freezeAfter;

    private ObservedRange pending;
    private ObservedRange paramsRange;
    private QuantParams params;

    ActivationQuantizer(TensorQuantization how, INDArray state, int freezeAfter) {
        this.how = how;
        this.state = state;
        this.freezeAfter = freezeAfter;
    }

    TensorQuantization how() {
        return how;
    }

    /**
     * Scale and zero point, or null as long as nothing has been observed.
     *
     * @param training whether to use the range as moved by the batch at hand
     */
    QuantParams params(boolean training) {
        ObservedRange range = training && pending != null ? pending : stored();
        if (range.batches() == 0) {
            return null;
        }
        if (!range.equals(paramsRange)) {
            params = QuantParams.fromRange(how.spec(), range.min(), range.max());
            paramsRange = range;
        }
        return params;
    }

    /** Looks at a batch of training data. */
    void observe(INDArray x, int iteration) {
        pending = null;
        if (freezeAfter > 0 && iteration >= freezeAfter) {
            return;
        }
        TensorKernels.Ranges seen = TensorKernels.ranges(x, how.spec().granularity(), 0);
        // A batch without any finite value says nothing about the range.
        if (seen.min()[0] <= seen.max()[0]) {
            pending = how.observer().update(stored(), seen.min()[0], seen.max()[0]);
        }
    }

    /** Drops what a training pass has seen and not written down. */
    void forget() {
        pending = null;
    }

    /** Writes the moved range into the layer's parameters. */
    void commit() {
        if (pending != null) {
            state.putScalar(0, pending.min());
            state.putScalar(1, pending.max());
            state.putScalar(2, (float) Math.min(pending.batches(), MAX_COUNT));
            pending = null;
        }
    }

    /** Quantizes {@code x} into {@code y} with the given parameters. */
    void fakeQuantize(INDArray x, INDArray y, QuantParams p) {
        TensorKernels.fakeQuantize(x, y, p, 0);
    }

    /** The gradient at {@code x} from the gradient of its quantized value; may be in place. */
    void backward(INDArray x, INDArray grad, INDArray dx, QuantParams p) {
        EstimatorKernels.backward(
                x,
                grad,
                dx,
                p,
                new double[0][],
                0,
                how.estimator().kernel(how.spec(), Moment.EVALUATION));
    }

    ObservedRange stored() {
        return new ObservedRange(state.getFloat(0), state.getFloat(1), (long) state.getFloat(2));
    }
}
