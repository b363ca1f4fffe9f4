package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.ChannelKernels;
import io.github.dl4jqat.ops.ChannelKernels.Moments;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A batch normalization within the layer that it follows: what is quantized are the weights with
 * the normalization multiplied in, because these are what the integer model has. By output channel,
 * with {@code r = sqrt(running variance + eps)} and {@code s = sqrt(variance of the batch + eps)}:
 *
 * <pre>
 *   W' = W * gamma / r        b' = beta + gamma * (b - running mean) / r
 *
 *   evaluation, and training once the statistics are frozen
 *       y = op(x, Q(W')) + Q(b')
 *   training before
 *       z = op(x, W) + b                        float weights, for the statistics of the batch
 *       y = op(x, Q(W')) * r / s + beta - gamma * (mean(z) - b) / s
 * </pre>
 *
 * With nothing rounded the latter is ordinary batch normalization, while the weights that are
 * rounded do not jitter with the batch. Nothing is ever divided by gamma. A layer that is a batch
 * normalization and nothing else has no W, which then counts as one.
 *
 * <p>Belongs to one running layer; not thread-safe.
 */
final class BatchNormFolding {

    private final LinearOp op;
    private final LinearPass pass;
    private final LayerQuantizers quantizers;
    private final NormalizedWeights normalized;
    private final RunningStatistics statistics;

    private Trace trace;
    private double[] gradGamma;
    private double[] gradBeta;

    private BatchNormFolding(
            FoldedBatchNorm how,
            LinearOp op,
            LinearPass pass,
            LayerQuantizers quantizers,
            Map<String, INDArray> params) {
        this.op = op;
        this.pass = pass;
        this.quantizers = quantizers;
        normalized = new NormalizedWeights(how, op, params);
        statistics = normalized.statistics();
    }

    /** Null for a layer without. */
    static BatchNormFolding of(
            Layer conf,
            LayerQuantization quantization,
            LinearOp op,
            LinearPass pass,
            LayerQuantizers quantizers,
            Map<String, INDArray> params) {
        FoldedBatchNorm how =
                conf instanceof BatchNormalization alone
                        ? FoldedBatchNorm.of(alone)
                        : quantization.batchNorm();
        return how == null ? null : new BatchNormFolding(how, op, pass, quantizers, params);
    }

    /** What a training forward pass leaves for the backward pass. */
    private static final class Trace {
        final LinearPass.Trace linear = new LinearPass.Trace();
        double[] factors;
        double[] gamma;
        double[] running;
        double[] bias;

        /** These only where the statistics of the batch were used. */
        INDArray z;

        double[] mean;
        double[] batch;
    }

    /** The weights with the normalization in them. */
    NormalizedWeights normalized() {
        return normalized;
    }

    private boolean usesBatch(boolean training) {
        return training && !quantizers.isReplaying() && !quantizers.clock().isBatchNormFrozen();
    }

    /**
     * The normalized value.
     *
     * @param w the weights; null for a layer that has none
     * @param mask of the layer's output, or null
     */
    INDArray forward(
            INDArray x,
            INDArray w,
            INDArray b,
            boolean training,
            INDArray mask,
            ArrayType type,
            LayerWorkspaceMgr mgr) {
        Trace t = new Trace();
        trace = training ? t : null;
        statistics.forget();
        // All layers take turns with this memory; the backward pass folds once more.
        NormalizedWeights.Folded folded = normalized.fold(w, b, ArrayType.FF_WORKING_MEM, mgr);
        t.factors = folded.factors();
        if (!usesBatch(training)) {
            INDArray weights = folded.weights();
            return pass.linear(x, weights, folded.bias(), training, type, mgr, t.linear);
        }
        pass.quantizeWeights(x, folded.weights(), folded.bias(), true, t.linear);
        INDArray u = op.apply(x, t.linear.weights, null, type, mgr);
        // The backward pass reads it.
        t.z = w == null ? x : op.masked(op.apply(x, w, b, type, mgr), mask);
        Moments moments = ChannelKernels.moments(t.z, op.channelAxis());
        statistics.observe(moments);
        t.gamma = normalized.gammas();
        t.running = normalized.deviations(statistics.variance());
        t.bias = NormalizedWeights.biases(b, t.gamma.length);
        t.mean = moments.mean();
        t.batch = normalized.deviations(moments.variance());
        double[] shift = normalized.betas();
        for (int c = 0; c < shift.length; c++) {
            shift[c] -= t.gamma[c] * (t.mean[c] - t.bias[c]) / t.batch[c];
        }
        double[] ratio = NormalizedWeights.ratio(t.running, t.batch);
        ChannelKernels.affine(u, ratio, shift, u, op.channelAxis());
        return u;
    }

    /** Whether a training forward pass has left what the backward pass needs. */
    boolean hasTrace() {
        return trace != null;
    }

    /**
     * The gradients of weights, bias, gamma and beta, and of the input.
     *
     * @param g gradient of the normalized value
     * @param gradW receives that of the weights; null for a layer without
     * @param gradB receives that of the bias; null for a layer without
     * @param examples by which DL4J divides later
     * @return the gradient of {@code x}, as {@link ArrayType#ACTIVATION_GRAD}
     */
    INDArray backward(
            INDArray w,
            INDArray b,
            INDArray g,
            INDArray gradW,
            INDArray gradB,
            INDArray mask,
            long examples,
            LayerWorkspaceMgr mgr) {
        Trace t = trace;
        INDArray memory = null;
        if (w != null && (t.z != null || readsFolded())) {
            memory = NormalizedWeights.like(w, ArrayType.BP_WORKING_MEM, mgr);
        }
        INDArray folded = foldedAgain(w, t, memory);
        INDArray used = pass.quantizesWeights() ? t.linear.weights : folded;
        INDArray gradFolded = gradW == null ? used.ulike() : gradW;
        INDArray x = t.linear.input;
        int axis = op.channelAxis();
        double[] sumG = ChannelKernels.sums(g, axis);
        gradBeta = sumG;
        INDArray du = g;
        if (t.z != null) {
            du = mgr.createUninitialized(ArrayType.BP_WORKING_MEM, g.dataType(), g.shape(), 'c');
            ChannelKernels.scale(g, NormalizedWeights.ratio(t.running, t.batch), du, axis);
        }
        INDArray dx = op.backward(x, used, null, du, gradFolded, null, mgr);
        double[] slopes = t.z == null ? null : slopes(used, gradFolded, sumG, t);
        pass.backwardWeights(folded, gradFolded, t.linear, examples);
        gradGamma = gammaThroughWeights(w, gradFolded, t);
        if (t.z == null) {
            frozenBias(b, sumG, gradB, t);
        }
        if (gradW != null) {
            normalized.scaleWeights(gradW, t.factors, gradW);
        }
        if (t.z != null) {
            throughStatistics(w, slopes, sumG, dx, du, memory, gradW, gradB, mask, mgr);
        }
        return dx;
    }

    private boolean readsFolded() {
        return !pass.quantizesWeights() || pass.backwardReadsWeights();
    }

    /** The folded weights as the forward pass had them, or null where nothing asks for them. */
    private INDArray foldedAgain(INDArray w, Trace t, INDArray memory) {
        if (w == null) {
            DataType type = t.linear.weights.dataType();
            return ChannelValues.array(t.factors, type, t.factors.length, 1);
        }
        if (!readsFolded()) {
            return null;
        }
        normalized.scaleWeights(w, t.factors, memory);
        return memory;
    }

    /**
     * The gradient of the batch's deviation. What {@code y} owes to it is {@code (r * u - gamma *
     * center) / s}. The op is linear in its weights, so {@code sum(du * u) = sum(dQ * Q)}, and
     * {@code u} need not be kept.
     */
    private double[] slopes(INDArray used, INDArray gradUsed, double[] sumG, Trace t) {
        double[] duTimesU =
                ChannelKernels.dots(
                        op.byOutput(gradUsed), op.byOutput(used), op.outputAxisOfWeights());
        double[] slopes = new double[sumG.length];
        for (int c = 0; c < slopes.length; c++) {
            double s = t.batch[c];
            double center = t.mean[c] - t.bias[c];
            slopes[c] = -(duTimesU[c] - t.gamma[c] * center * sumG[c] / s) / s;
        }
        return slopes;
    }

    /** {@code sum(dW' * W) / r}. */
    private double[] gammaThroughWeights(INDArray w, INDArray gradFolded, Trace t) {
        int axis = op.outputAxisOfWeights();
        INDArray dw = op.byOutput(gradFolded);
        double[] sum =
                w == null
                        ? ChannelKernels.sums(dw, axis)
                        : ChannelKernels.dots(dw, op.byOutput(w), axis);
        double[] running =
                t.running == null ? normalized.deviations(statistics.variance()) : t.running;
        return NormalizedWeights.ratio(sum, running);
    }

    /** The folded bias' share, where the statistics are constants. */
    private void frozenBias(INDArray b, double[] sumG, INDArray gradB, Trace t) {
        double[] mean = statistics.mean();
        double[] running = normalized.deviations(statistics.variance());
        double[] bias = NormalizedWeights.biases(b, mean.length);
        double[] db = new double[mean.length];
        for (int c = 0; c < db.length; c++) {
            gradGamma[c] += sumG[c] * (bias[c] - mean[c]) / running[c];
            db[c] = sumG[c] * t.factors[c];
        }
        if (gradB != null) {
            ChannelValues.write(db, gradB);
        }
    }

    /**
     * What goes through mean and deviation of the batch, by the float weights, to all others.
     *
     * @param dS the gradient of the deviation
     * @param dz memory for the gradient of what the statistics are of
     * @param second memory for a second gradient of the weights
     */
    private void throughStatistics(
            INDArray w,
            double[] dS,
            double[] sumG,
            INDArray dx,
            INDArray dz,
            INDArray second,
            INDArray gradW,
            INDArray gradB,
            INDArray mask,
            LayerWorkspaceMgr mgr) {
        Trace t = trace;
        int axis = op.channelAxis();
        int channels = sumG.length;
        double n = (double) t.z.length() / channels;
        double[] slope = new double[channels];
        double[] shift = new double[channels];
        double[] db = new double[channels];
        for (int c = 0; c < channels; c++) {
            double s = t.batch[c];
            gradGamma[c] -= sumG[c] * (t.mean[c] - t.bias[c]) / s;
            double dMean = -t.gamma[c] * sumG[c] / s;
            slope[c] = dS[c] / (s * n);
            shift[c] = dMean / n - slope[c] * t.mean[c];
            db[c] = -dMean;
        }
        ChannelKernels.affine(t.z, slope, shift, dz, axis);
        if (w == null) {
            dx.addi(dz);
            return;
        }
        op.masked(dz, mask);
        dx.addi(op.backward(t.linear.input, w, null, dz, second, null, mgr));
        op.byOutput(gradW).addi(op.byOutput(second));
        if (gradB != null) {
            biasGradient(db, mask == null ? null : ChannelKernels.sums(dz, axis), gradB);
        }
    }

    /** Without a mask the mean takes away exactly what the bias adds. */
    private static void biasGradient(double[] direct, double[] throughZ, INDArray gradB) {
        double[] db = new double[direct.length];
        for (int c = 0; throughZ != null && c < db.length; c++) {
            db[c] = direct[c] + throughZ[c];
        }
        ChannelValues.write(db, gradB);
    }

    /** The last step of every backward pass: gradients into their views, statistics written. */
    void commit(Gradient gradient, Map<String, INDArray> gradientViews) {
        put(gradient, gradientViews, FoldedBatchNorm.GAMMA, gradGamma);
        put(gradient, gradientViews, FoldedBatchNorm.BETA, gradBeta);
        for (String key : FoldedBatchNorm.STATISTICS) {
            put(gradient, gradientViews, key, null);
        }
        statistics.commit();
        clear();
    }

    private static void put(
            Gradient gradient, Map<String, INDArray> views, String key, double[] values) {
        INDArray view = views.get(key);
        if (view == null) {
            return;
        }
        if (values == null) {
            view.assign(0);
        } else {
            ChannelValues.write(values, view);
        }
        gradient.setGradientFor(key, view);
    }

    /** Forgets the arrays of the last pass. */
    void clear() {
        trace = null;
        statistics.forget();
    }

    /** Sets the statistics to those that a batch has in front of the normalization. */
    void reestimate(INDArray x, INDArray w, INDArray b, INDArray mask, LayerWorkspaceMgr mgr) {
        new Reestimation(op, pass, normalized).batch(x, w, b, mask, mgr);
    }
}
