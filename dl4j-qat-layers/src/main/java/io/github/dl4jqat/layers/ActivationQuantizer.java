package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.kernels.RangeKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.observer.ObservedRange;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.RectifiedKernels;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The quantizer of one activation tensor: its range lives in three parameters of the layer ({@code
 * min, max, batches}), from which {@link QuantParams#fromRange} gives scale and zero point, unless
 * the estimator has a grid of its own. Only the range is stored, because parallel training averages
 * parameters: the average of two ranges is a range, the average of two zero points is not an
 * integer.
 *
 * <p>A training forward pass looks at the batch and uses the moved range, but only the backward
 * pass writes it down. So whatever runs forward without training (output, evaluation, a score on a
 * validation set) cannot move a range, whichever flag DL4J passes along.
 */
final class ActivationQuantizer {

    static final int STATE_LENGTH = 3;

    /** Counting further would say nothing, and a float counts no further than 2^24. */
    private static final long MAX_COUNT = 1L << 20;

    private static final TensorStatistics NOTHING = new TensorStatistics(new double[1][0]);

    private final TensorQuantization how;
    private final INDArray state;
    private final LearnedValues learned;

    private ObservedRange pending;
    private Supplier<List<ActivationQuantizer>> group = List::of;

    /** Whether it has taken part in the training pass that its group is in. */
    private boolean begun;

    ActivationQuantizer(TensorQuantization how, String tensor, Map<String, INDArray> params) {
        this.how = how;
        this.state = params.get(ExtraParameter.rangeKey(tensor));
        this.learned = new LearnedValues(how, tensor, TensorRole.ACTIVATION, params);
    }

    /** From now on the grid is that of the union of its own range and those of others. */
    void share(Supplier<List<ActivationQuantizer>> others) {
        group = others;
    }

    TensorQuantization how() {
        return how;
    }

    LearnedValues learned() {
        return learned;
    }

    /**
     * Scale and zero point, or null as long as nothing has been observed.
     *
     * @param training whether to use the range as moved by the batch at hand
     */
    QuantParams params(boolean training) {
        QuantizerPass pass = pass(training, Moment.EVALUATION);
        return pass == null ? null : pass.params();
    }

    /** What quantizes at a moment, or null as long as nothing has been observed. */
    QuantizerPass pass(boolean training, Moment moment) {
        ObservedRange range = current(training);
        if (range.batches() == 0) {
            return null;
        }
        for (ActivationQuantizer other : group.get()) {
            range = union(range, other.current(training));
        }
        float min = range.min();
        float max = range.max();
        double[][] values =
                QuantizerPass.values(
                        how.estimator(),
                        how.spec(),
                        TensorRole.ACTIVATION,
                        () -> NOTHING,
                        learned.rows());
        return QuantizerPass.of(
                how.estimator(),
                how.spec(),
                TensorRole.ACTIVATION,
                0,
                values,
                () -> QuantParams.fromRange(how.spec(), min, max),
                null,
                moment);
    }

    /**
     * Looks at a batch of training data.
     *
     * @param rangeFrozen whether the range stays; the first batch sets it nevertheless
     */
    void observe(INDArray x, boolean rangeFrozen) {
        observe(x, false, rangeFrozen);
    }

    /**
     * The same for a tensor or what a ReLU makes of it.
     *
     * @param rectified whether the ReLU is still to come
     */
    void observe(INDArray x, boolean rectified, boolean rangeFrozen) {
        start(() -> EstimatorKernels.statistics(rectified ? rectified(x) : x, how.spec(), 0));
        if (moves(rangeFrozen)) {
            Granularity granularity = how.spec().granularity();
            TensorKernels.Ranges seen =
                    rectified
                            ? TensorKernels.rectifiedRanges(x, granularity, 0)
                            : TensorKernels.ranges(x, granularity, 0);
            widen(seen.min()[0], seen.max()[0]);
        }
    }

    private static INDArray rectified(INDArray x) {
        INDArray y = x.ulike();
        RectifiedKernels.rectify(x, y);
        return y;
    }

    /** The same for values on the heap. */
    void observe(double[] values, boolean rangeFrozen) {
        start(() -> new TensorStatistics(new double[][] {values}));
        if (moves(rangeFrozen)) {
            float[] range = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
            RangeKernel.widen(values, 0, values.length, range);
            widen(range[0], range[1]);
        }
    }

    private void start(Supplier<TensorStatistics> statistics) {
        forget();
        if (!learned.isEmpty() && !learned.started()) {
            double[][] rows =
                    QuantizerPass.values(
                            how.estimator(),
                            how.spec(),
                            TensorRole.ACTIVATION,
                            statistics,
                            new double[learned.rows().length][]);
            learned.start(rows);
        }
    }

    private boolean moves(boolean rangeFrozen) {
        return !rangeFrozen || stored().batches() == 0;
    }

    /** A batch without any finite value says nothing about the range. */
    private void widen(float min, float max) {
        if (min <= max) {
            pending = how.observer().update(stored(), min, max);
        }
    }

    /** Whether nothing has been observed yet. */
    boolean isNew() {
        return current(true).batches() == 0;
    }

    /**
     * Begins a training pass. Whoever takes part for a second time is in another pass, and it is
     * the first to be: so what the others have seen was in the one before, which nothing came of.
     */
    void begin() {
        forget();
        if (begun) {
            for (ActivationQuantizer other : group.get()) {
                other.forget();
                other.begun = false;
            }
        }
        begun = true;
    }

    /** Drops what a training pass has seen and not written down. */
    void forget() {
        pending = null;
        learned.forget();
    }

    /**
     * Writes what a pass has moved into the layer's parameters, and the gradients of the learned
     * ones into their views.
     */
    void commit(Map<String, INDArray> gradientViews, boolean frozen) {
        if (pending != null) {
            state.putScalar(0, pending.min());
            state.putScalar(1, pending.max());
            state.putScalar(2, (float) Math.min(pending.batches(), MAX_COUNT));
            pending = null;
        }
        learned.commit(gradientViews, frozen);
    }

    /** The gradient at {@code x} from that of its quantized value; may be in place. */
    void backward(INDArray x, INDArray grad, INDArray dx, QuantizerPass pass) {
        learned.gradients(pass.backward(x, grad, dx));
    }

    private ObservedRange current(boolean training) {
        return training && pending != null ? pending : stored();
    }

    private static ObservedRange union(ObservedRange a, ObservedRange b) {
        return b.batches() == 0
                ? a
                : new ObservedRange(
                        Math.min(a.min(), b.min()), Math.max(a.max(), b.max()), a.batches());
    }

    private ObservedRange stored() {
        return new ObservedRange(state.getFloat(0), state.getFloat(1), (long) state.getFloat(2));
    }
}
