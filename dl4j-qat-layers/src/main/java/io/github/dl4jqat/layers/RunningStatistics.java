package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.ChannelKernels;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Running mean and variance of a batch normalization, among the parameters of the layer that has
 * it. In training they move towards those of each batch,
 *
 * <pre>
 *   mean = decay * mean + (1 - decay) * mean of the batch       and so the variance
 * </pre>
 *
 * but only a backward pass writes that down, so that nothing but training can move them. While they
 * are estimated anew, each batch is normalized with its own statistics, and the end is the average
 * over all batches, by the number of their elements. A channel of a batch whose statistics are not
 * finite is passed over.
 *
 * <p>Belongs to one running layer; not thread-safe.
 */
public final class RunningStatistics {

    private final Map<String, INDArray> params;
    private final double decay;

    private double[][] pending;
    private Map<String, INDArray> saved;
    private double[][] before;
    private double[][] sums;
    private double[] weights;

    /**
     * The statistics among the parameters of a layer.
     *
     * @param params has {@code mean} and one of {@code var} and {@code log10stdev}
     * @param decay share of the old that stays at each batch
     */
    public RunningStatistics(Map<String, INDArray> params, double decay) {
        this.params = params;
        this.decay = decay;
    }

    /** The running means. */
    public double[] mean() {
        return ChannelValues.read(params.get(FoldedBatchNorm.MEAN));
    }

    /** The running variances. */
    public double[] variance() {
        return FoldedBatchNorm.variances(params);
    }

    private void write(double[] mean, double[] variance) {
        ChannelValues.write(mean, params.get(FoldedBatchNorm.MEAN));
        FoldedBatchNorm.writeVariances(variance, params);
    }

    /** Notes where a batch of training moves them. */
    void observe(ChannelKernels.Moments batch) {
        pending = new double[][] {mean(), variance()};
        for (int c = 0; c < pending[0].length; c++) {
            if (usable(batch, c)) {
                pending[0][c] -= (1 - decay) * (pending[0][c] - batch.mean()[c]);
                pending[1][c] -= (1 - decay) * (pending[1][c] - batch.variance()[c]);
            }
        }
    }

    /** Drops what a training pass has noted. */
    void forget() {
        pending = null;
    }

    /** Writes down what the last training pass has noted. */
    void commit() {
        if (pending != null) {
            write(pending[0], pending[1]);
            pending = null;
        }
    }

    private static boolean usable(ChannelKernels.Moments batch, int c) {
        return Float.isFinite((float) batch.mean()[c])
                && Float.isFinite((float) batch.variance()[c]);
    }

    /** Whether they are being estimated anew. */
    public boolean reestimating() {
        return before != null;
    }

    /** From now on batches are normalized with their own statistics, and counted. */
    public void begin() {
        saved = new LinkedHashMap<>();
        for (String key : FoldedBatchNorm.STATISTICS) {
            if (params.containsKey(key)) {
                saved.put(key, params.get(key).dup());
            }
        }
        before = new double[][] {mean(), variance()};
        sums = new double[2][before[0].length];
        weights = new double[before[0].length];
    }

    /** The running means and variances as they were before {@link #begin}. */
    double[][] before() {
        return before;
    }

    /**
     * Counts a batch and sets the statistics to its own.
     *
     * @param elements how many numbers of each channel the batch has
     */
    public void batch(ChannelKernels.Moments batch, long elements) {
        double[] mean = before[0].clone();
        double[] variance = before[1].clone();
        for (int c = 0; c < mean.length; c++) {
            if (usable(batch, c)) {
                mean[c] = batch.mean()[c];
                variance[c] = batch.variance()[c];
                sums[0][c] += elements * mean[c];
                sums[1][c] += elements * variance[c];
                weights[c] += elements;
            }
        }
        write(mean, variance);
    }

    /**
     * Ends what {@link #begin} has begun.
     *
     * @param keep whether the average over all batches stays; if not, all is as before
     */
    public void end(boolean keep) {
        if (before == null) {
            return;
        }
        for (int c = 0; c < weights.length; c++) {
            if (weights[c] > 0) {
                before[0][c] = sums[0][c] / weights[c];
                before[1][c] = sums[1][c] / weights[c];
            }
        }
        if (keep) {
            write(before[0], before[1]);
        } else {
            saved.forEach((key, value) -> params.get(key).assign(value));
        }
        before = null;
        saved = null;
    }
}
