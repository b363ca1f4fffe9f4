package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.ChannelKernels;
import io.github.dl4jqat.ops.ChannelKernels.Moments;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The statistics of one batch in front of a folded batch normalization, as evaluation has it. */
final class Reestimation {

    private final LinearOp op;
    private final LinearPass pass;
    private final NormalizedWeights normalized;
    private final RunningStatistics statistics;

    Reestimation(LinearOp op, LinearPass pass, NormalizedWeights normalized) {
        this.op = op;
        this.pass = pass;
        this.normalized = normalized;
        statistics = normalized.statistics();
    }

    /**
     * Sets the statistics to those that a batch has in front of the normalization, with quantized
     * weights: {@code mean(op(x, Q(W')) * r / gamma + b)}. Where gamma is zero or nothing is left
     * of a channel's weights, with float ones; the layer's output does not depend on them then.
     */
    void batch(INDArray x, INDArray w, INDArray b, INDArray mask, LayerWorkspaceMgr mgr) {
        int axis = op.channelAxis();
        if (w == null) {
            statistics.batch(ChannelKernels.moments(x, axis), x.length() / x.size(axis));
            return;
        }
        double[][] old = statistics.before();
        double[] factors =
                NormalizedWeights.ratio(normalized.gammas(), normalized.deviations(old[1]));
        double[] bias = NormalizedWeights.biases(b, factors.length);
        INDArray weights = w.ulike();
        normalized.scaleWeights(w, factors, weights);
        LinearPass.Trace quantized = new LinearPass.Trace();
        pass.quantizeWeights(x, weights, normalized.bias(b), false, quantized);
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
        Moments moments = ChannelKernels.moments(op.masked(z, mask), axis);
        if (anyLost) {
            INDArray real = op.apply(x, w, b, ArrayType.FF_WORKING_MEM, mgr);
            Moments ofFloats = ChannelKernels.moments(op.masked(real, mask), axis);
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
