package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.quant.QuantParams;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The scale and the range of every single weight, row-major. Lives for one pass. */
final class QuantizerRange {

    private final double[] scales;
    private final QuantParams params;

    private QuantizerRange(double[] scales, QuantParams params) {
        this.scales = scales;
        this.params = params;
    }

    static QuantizerRange of(QuantizerPass pass, INDArray w) {
        return new QuantizerRange(scales(pass, w), pass.params());
    }

    /** Whether element {@code i} with value {@code x} lies within the range of its levels. */
    boolean contains(int i, double x) {
        return x >= params.lowestStep() * scales[i] && x <= params.highestStep() * scales[i];
    }

    /** The scale of element {@code i}. */
    double scale(int i) {
        return scales[i];
    }

    /** {@code x} brought within that range. */
    double clamp(int i, double x) {
        return Math.max(
                params.lowestStep() * scales[i], Math.min(params.highestStep() * scales[i], x));
    }

    /** The scale of each element. */
    static double[] scales(QuantizerPass pass, INDArray w) {
        INDArray expanded = w.ulike();
        EstimatorKernels.scales(expanded, pass.params(), pass.axis());
        return WeightFreezing.values(expanded);
    }
}
