package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.ChannelKernels;
import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A batch normalization's numbers by channel, and the weights of a linear op with them multiplied
 * in: {@code W' = W * gamma / r} and {@code b' = beta + gamma * (b - mean) / r}, {@code r =
 * sqrt(var + eps)}. Belongs to one running layer; not thread-safe.
 */
final class NormalizedWeights {

    private final FoldedBatchNorm how;
    private final LinearOp op;
    private final Map<String, INDArray> params;
    private final RunningStatistics statistics;

    NormalizedWeights(FoldedBatchNorm how, LinearOp op, Map<String, INDArray> params) {
        this.how = how;
        this.op = op;
        this.params = params;
        statistics = new RunningStatistics(params, how.decay());
    }

    /** Weights and bias with the normalization in them, and what multiplied the weights. */
    @SuppressWarnings("ArrayRecordComponent") // lives for one pass
    record Folded(INDArray weights, INDArray bias, double[] factors) {}

    RunningStatistics statistics() {
        return statistics;
    }

    double[] gammas() {
        return channel(FoldedBatchNorm.GAMMA, how.gamma());
    }

    double[] betas() {
        return channel(FoldedBatchNorm.BETA, how.beta());
    }

    private double[] channel(String key, double constant) {
        if (params.containsKey(key)) {
            return ChannelValues.read(params.get(key));
        }
        double[] values = new double[Math.toIntExact(params.get(FoldedBatchNorm.MEAN).length())];
        Arrays.fill(values, constant);
        return values;
    }

    double[] deviations(double[] variances) {
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

    static double[] ratio(double[] a, double[] b) {
        double[] ratio = new double[a.length];
        for (int c = 0; c < ratio.length; c++) {
            ratio[c] = a[c] / b[c];
        }
        return ratio;
    }

    /** Weights and bias as evaluation has them, the weights in an array of their own. */
    Folded fold(INDArray w, INDArray b) {
        return fold(w, b, w == null ? null : LinearPass.bufferLike(w, null));
    }

    /** The same with weights of that kind. */
    Folded fold(INDArray w, INDArray b, ArrayType type, LayerWorkspaceMgr mgr) {
        return fold(w, b, w == null ? null : like(w, type, mgr));
    }

    /** An array for folded weights. */
    static INDArray like(INDArray w, ArrayType type, LayerWorkspaceMgr mgr) {
        return mgr.createUninitialized(type, w.dataType(), w.shape(), w.ordering());
    }

    private Folded fold(INDArray w, INDArray b, INDArray to) {
        double[] factors = factors();
        INDArray bias = bias(b, factors);
        if (w == null) {
            INDArray weights = ChannelValues.array(factors, bias.dataType(), factors.length, 1);
            return new Folded(weights, bias, factors);
        }
        scaleWeights(w, factors, to);
        return new Folded(to, bias, factors);
    }

    /** The bias as evaluation has it. */
    INDArray bias(INDArray b) {
        return bias(b, factors());
    }

    private INDArray bias(INDArray b, double[] factors) {
        double[] mean = statistics.mean();
        double[] shift = betas();
        double[] bias = biases(b, shift.length);
        for (int c = 0; c < shift.length; c++) {
            shift[c] += factors[c] * (bias[c] - mean[c]);
        }
        long[] shape = b == null ? new long[] {shift.length} : b.shape();
        return ChannelValues.array(shift, params.get(FoldedBatchNorm.MEAN).dataType(), shape);
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

    void scaleWeights(INDArray w, double[] factors, INDArray to) {
        ChannelKernels.scale(op.byOutput(w), factors, op.byOutput(to), op.outputAxisOfWeights());
    }

    static double[] biases(INDArray b, int channels) {
        return b == null ? new double[channels] : ChannelValues.read(b);
    }
}
