package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Softmax;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The activation function at the end of a network, on quantized logits, in evaluation: float, but
 * the same float operations that the integer network does.
 */
final class EndActivation {

    private EndActivation() {}

    /** {@code f(logits)} in place, for logits {@code [batch, n]} on the grid of {@code params}. */
    static INDArray apply(INDArray logits, IActivation f, QuantParams params) {
        if (f instanceof ActivationSoftmax) {
            int n = Math.toIntExact(logits.size(1));
            float[] rows = logits.dup('c').data().asFloat();
            for (int row = 0; row < rows.length; row += n) {
                Softmax.apply(rows, row, n);
            }
            return logits.assign(Nd4j.createFromArray(rows).reshape(logits.shape()));
        }
        if (!ActivationTable.isElementwise(f)) {
            return f.getActivation(logits, false);
        }
        float[] floats = ActivationTable.values(f, params);
        double[] values = new double[floats.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = floats[i];
        }
        TensorKernels.lookup(logits, logits, params, values);
        return logits;
    }
}
