package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The rows of an embedding as integers: {@code Q(f(W + b))}. */
final class EmbeddingTable {

    private EmbeddingTable() {}

    /**
     * The integers of the output, row by row.
     *
     * @param w {@code [rows, columns]}
     * @param b {@code [columns]}, or null
     * @param f looks at one number at a time
     * @throws IllegalArgumentException if it does not
     */
    static int[][] integers(INDArray w, INDArray b, IActivation f, QuantParams output) {
        if (!ActivationTable.isElementwise(f)) {
            throw new IllegalArgumentException(
                    "its activation function "
                            + f
                            + " is not elementwise; put it into a layer of its own behind the"
                            + " embedding");
        }
        INDArray rows = w.dup('c');
        if (b != null) {
            rows.addiRowVector(b);
        }
        INDArray values = f.getActivation(rows, false);
        INDArray steps = values.ulike();
        TensorKernels.steps(values, steps, output, 0);
        double[] k = steps.dup('c').data().asDouble();
        int columns = Math.toIntExact(w.size(1));
        int[][] table = new int[Math.toIntExact(w.size(0))][columns];
        for (int i = 0; i < k.length; i++) {
            // As an integer NaN is the zero point.
            double step = Double.isNaN(k[i]) ? 0 : k[i];
            table[i / columns][i % columns] = (int) step + output.zeroPoint();
        }
        return table;
    }
}
