package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.ChannelKernels;
import io.github.dl4jqat.ops.ChannelKernels.Moments;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
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

    private INDArray gradientBuffer;
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
        NormalizedWeights.Folded folded;
        double[] gamma;
        double[] running;
        double[] bias;

        /** These only where the statistics of the batch were used. */
        INDArray z;

        INDArray u;
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
        t.folded = normalized.fold(w, b);
        if (!usesBatch(training)) {
            INDArray weights = t.folded.weights();
            return pass.linear(x, weights, t.folded.bias(), training, type, mgr, t.linear);
        }
        pass.quantizeWeights(x, t.folded.weights(), t.folded.bias(), true, t.linear);
        // The backward pass reads both.
        t.u = op.apply(x, t.linear.weights, null, type, mgr);
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
        INDArray y = mgr.createUninitialized(type, t.u.dataType(), t.u.shape(), 'c');
        ChannelKernels.affine(
                t.u, NormalizedWeights.ratio(t.running, t.batch), shift, y, op.channelAxis());
        return y;
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
        INDArray folded = t.folded.weights();
        INDArray gradFolded = gradW == null ? folded.ulike() : gradW;
        INDArray x = t.linear.input;
        int axis = op.channelAxis();
        double[] sumG = ChannelKernels.sums(g, axis);
        gradBeta = sumG;
        INDArray du = g;
        if (t.z != null) {
            du = mgr.createUninitialized(ArrayType.BP_WORKING_MEM, g.dataType(), g.shape(), 'c');
            ChannelKernels.scale(g, NormalizedWeights.ratio(t.running, t.batch), du, axis);
        }
        INDArray dx = op.backward(x, t.linear.weights, null, du, gradFolded, null, mgr);
        pass.backwardWeights(folded, gradFolded, t.linear, examples);
        gradGamma = gammaThroughWeights(w, gradFolded, t);
        if (t.z == null) {
            frozenBias(b, sumG, gradB, t);
        }
        if (gradW != null) {
            normalized.scaleWeights(gradW, t.folded.factors(), gradW);
        }
        if (t.z != null) {
            throughStatistics(w, g, sumG, dx, gradW, gradB, mask, mgr);
        }
        return dx;
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
            db[c] = sumG[c] * t.folded.factors()[c];
        }
        if (gradB != null) {
            ChannelValues.write(db, gradB);
        }
    }

    /** What goes through mean and deviation of the batch, by the float weights, to all others. */
    private void throughStatistics(
            INDArray w,
            INDArray g,
            double[] sumG,
            INDArray dx,
            INDArray gradW,
            INDArray gradB,
            INDArray mask,
            LayerWorkspaceMgr mgr) {
        Trace t = trace;
        int axis = op.channelAxis();
        int channels = sumG.length;
        double[] sumGu = ChannelKernels.dots(g, t.u, axis);
        double n = (double) t.z.length() / channels;
        double[] slope = new double[channels];
        double[] shift = new double[channels];
        double[] db = new double[channels];
        for (int c = 0; c < channels; c++) {
            double s = t.batch[c];
            double center = t.mean[c] - t.bias[c];
            gradGamma[c] -= sumG[c] * center / s;
            double dMean = -t.gamma[c] * sumG[c] / s;
            // y depends on s as (r * u - gamma * center) / s does.
            double dS = -(t.running[c] * sumGu[c] - t.gamma[c] * center * sumG[c]) / (s * s);
            slope[c] = dS / (s * n);
            shift[c] = dMean / n - slope[c] * t.mean[c];
            db[c] = -dMean;
        }
        INDArray dz =
                mgr.createUninitialized(ArrayType.BP_WORKING_MEM, g.dataType(), g.shape(), 'c');
        ChannelKernels.affine(t.z, slope, shift, dz, axis);
        if (w == null) {
            dx.addi(dz);
            return;
        }
        op.masked(dz, mask);
        gradientBuffer = LinearPass.bufferLike(w, gradientBuffer);
        dx.addi(op.backward(t.linear.input, w, null, dz, gradientBuffer, null, mgr));
        op.byOutput(gradW).addi(op.byOutput(gradientBuffer));
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
