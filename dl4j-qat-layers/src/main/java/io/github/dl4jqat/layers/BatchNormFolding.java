package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.ChannelKernels;
import io.github.dl4jqat.ops.ChannelKernels.Moments;
import java.util.Arrays;
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

    private final FoldedBatchNorm how;
    private final LinearOp op;
    private final LinearPass pass;
    private final LayerQuantizers quantizers;
    private final Map<String, INDArray> params;
    private final RunningStatistics statistics;

    private INDArray weightBuffer;
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
        this.how = how;
        this.op = op;
        this.pass = pass;
        this.quantizers = quantizers;
        this.params = params;
        statistics = new RunningStatistics(params, how.decay());
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

    /** Weights and bias with the normalization in them, and what multiplied the weights. */
    @SuppressWarnings("ArrayRecordComponent") // lives for one pass
    record Folded(INDArray weights, INDArray bias, double[] factors) {}

    /** What a training forward pass leaves for the backward pass. */
    private static final class Trace {
        final LinearPass.Trace linear = new LinearPass.Trace();
        Folded folded;
        double[] gamma;
        double[] running;
        double[] bias;

        /** These only where the statistics of the batch were used. */
        INDArray z;

        INDArray u;
        double[] mean;
        double[] batch;
    }

    RunningStatistics statistics() {
        return statistics;
    }

    private double[] gammas() {
        return channel(FoldedBatchNorm.GAMMA, how.gamma());
    }

    private double[] channel(String key, double constant) {
        if (params.containsKey(key)) {
            return ChannelValues.read(params.get(key));
        }
        double[] values = new double[Math.toIntExact(params.get(FoldedBatchNorm.MEAN).length())];
        Arrays.fill(values, constant);
        return values;
    }

    private double[] deviations(double[] variances) {
        double[] deviations = new double[variances.length];
        for (int c = 0; c < deviations.length; c++) {
            deviations[c] = Math.sqrt(variances[c] + how.eps());
        }
        return deviations;
    }

    /** {@code gamma / r}: what each output channel of the weights is multiplied with. */
    double[] factors() {
        return ratio(gammas(), deviations(statistics.variance()));
    }

    private static double[] ratio(double[] a, double[] b) {
        double[] ratio = new double[a.length];
        for (int c = 0; c < ratio.length; c++) {
            ratio[c] = a[c] / b[c];
        }
        return ratio;
    }

    /** Weights and bias as evaluation has them. */
    Folded fold(INDArray w, INDArray b) {
        double[] factors = factors();
        double[] mean = statistics.mean();
        double[] shift = channel(FoldedBatchNorm.BETA, how.beta());
        double[] bias = biases(b, shift.length);
        for (int c = 0; c < shift.length; c++) {
            shift[c] += factors[c] * (bias[c] - mean[c]);
        }
        INDArray like = params.get(FoldedBatchNorm.MEAN);
        long[] shape = b == null ? new long[] {shift.length} : b.shape();
        INDArray foldedBias = ChannelValues.array(shift, like.dataType(), shape);
        if (w == null) {
            INDArray weights = ChannelValues.array(factors, like.dataType(), factors.length, 1);
            return new Folded(weights, foldedBias, factors);
        }
        weightBuffer = LinearPass.bufferLike(w, weightBuffer);
        scaleWeights(w, factors, weightBuffer);
        return new Folded(weightBuffer, foldedBias, factors);
    }

    /** Chooses gamma and beta so that a stock normalization computes {@code w * x + b}. */
    void writeNormalization(INDArray w, INDArray b, Map<String, INDArray> to) {
        if (how.locked()) {
            return;
        }
        double[] gamma = ChannelValues.read(w);
        double[] beta = ChannelValues.read(b);
        double[] mean = statistics.mean();
        double[] running = deviations(statistics.variance());
        for (int c = 0; c < gamma.length; c++) {
            beta[c] += gamma[c] * mean[c];
            gamma[c] *= running[c];
        }
        ChannelValues.write(gamma, to.get(FoldedBatchNorm.GAMMA));
        ChannelValues.write(beta, to.get(FoldedBatchNorm.BETA));
    }

    private void scaleWeights(INDArray w, double[] factors, INDArray to) {
        ChannelKernels.scale(op.byOutput(w), factors, op.byOutput(to), op.outputAxisOfWeights());
    }

    private static double[] biases(INDArray b, int channels) {
        return b == null ? new double[channels] : ChannelValues.read(b);
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
        t.folded = fold(w, b);
        if (!usesBatch(training)) {
            INDArray weights = t.folded.weights();
            return pass.linear(x, weights, t.folded.bias(), training, type, mgr, t.linear);
        }
        pass.quantizeWeights(x, t.folded.weights(), t.folded.bias(), true, t.linear);
        // The backward pass reads both.
        t.u = op.apply(x, t.linear.weights, null, type, mgr);
        t.z = w == null ? x : masked(op.apply(x, w, b, type, mgr), mask);
        Moments moments = ChannelKernels.moments(t.z, op.channelAxis());
        statistics.observe(moments);
        t.gamma = gammas();
        t.running = deviations(statistics.variance());
        t.bias = biases(b, t.gamma.length);
        t.mean = moments.mean();
        t.batch = deviations(moments.variance());
        double[] shift = channel(FoldedBatchNorm.BETA, how.beta());
        for (int c = 0; c < shift.length; c++) {
            shift[c] -= t.gamma[c] * (t.mean[c] - t.bias[c]) / t.batch[c];
        }
        INDArray y = mgr.createUninitialized(type, t.u.dataType(), t.u.shape(), 'c');
        ChannelKernels.affine(t.u, ratio(t.running, t.batch), shift, y, op.channelAxis());
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
            ChannelKernels.scale(g, ratio(t.running, t.batch), du, axis);
        }
        INDArray dx = op.backward(x, t.linear.weights, null, du, gradFolded, null, mgr);
        pass.backwardWeights(folded, gradFolded, t.linear, examples);
        gradGamma = gammaThroughWeights(w, gradFolded, t);
        if (t.z == null) {
            frozenBias(b, sumG, gradB, t);
        }
        if (gradW != null) {
            scaleWeights(gradW, t.folded.factors(), gradW);
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
        double[] running = t.running == null ? deviations(statistics.variance()) : t.running;
        return ratio(sum, running);
    }

    /** The folded bias' share, where the statistics are constants. */
    private void frozenBias(INDArray b, double[] sumG, INDArray gradB, Trace t) {
        double[] mean = statistics.mean();
        double[] running = deviations(statistics.variance());
        double[] bias = biases(b, mean.length);
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
        masked(dz, mask);
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

    private INDArray masked(INDArray array, INDArray mask) {
        if (mask != null) {
            op.mask(array, mask);
        }
        return array;
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

    /**
     * Sets the statistics to those that a batch has in front of the normalization, with quantized
     * weights: {@code mean(op(x, Q(W')) * r / gamma + b)}. Where gamma is zero or nothing is left
     * of a channel's weights, with float ones; the layer's output does not depend on them then.
     */
    void reestimate(INDArray x, INDArray w, INDArray b, INDArray mask, LayerWorkspaceMgr mgr) {
        int axis = op.channelAxis();
        if (w == null) {
            statistics.batch(ChannelKernels.moments(x, axis), x.length() / gammas().length);
            return;
        }
        double[][] old = statistics.before();
        double[] factors = ratio(gammas(), deviations(old[1]));
        double[] bias = biases(b, factors.length);
        INDArray weights = w.ulike();
        scaleWeights(w, factors, weights);
        LinearPass.Trace quantized = new LinearPass.Trace();
        pass.quantizeWeights(x, weights, fold(w, b).bias(), false, quantized);
        double[] left =
                ChannelKernels.dots(
                        op.byOutput(quantized.weights),
                        op.byOutput(quantized.weights),
                        op.outputAxisOfWeights());
        double[] back = new double[factors.length];
        boolean anyLost = false;
        for (int c = 0; c < back.length; c++) {
            back[c] = left[c] > 0 && Double.isFinite(1 / factors[c]) ? 1 / factors[c] : 0;
            anyLost |= back[c] == 0;
        }
        INDArray z = op.apply(x, quantized.weights, null, ArrayType.FF_WORKING_MEM, mgr);
        ChannelKernels.affine(z, back, bias, z, axis);
        Moments moments = ChannelKernels.moments(masked(z, mask), axis);
        if (anyLost) {
            INDArray real = op.apply(x, w, b, ArrayType.FF_WORKING_MEM, mgr);
            Moments ofFloats = ChannelKernels.moments(masked(real, mask), axis);
            for (int c = 0; c < back.length; c++) {
                if (back[c] == 0) {
                    moments.mean()[c] = ofFloats.mean()[c];
                    moments.variance()[c] = ofFloats.variance()[c];
                }
            }
        }
        statistics.batch(moments, z.length() / back.length);
    }
}
