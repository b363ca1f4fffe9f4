package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An elementwise function as a table over the integers of its input. */
record TableExact(IActivation function) implements ExactForm {

    @Override
    public INDArray apply(
            INDArray steps, QuantParams input, QuantParams output, Requantization mode) {
        if (!ActivationTable.isElementwise(function)) {
            return null;
        }
        int[] table = ActivationTable.table(function, input, output);
        double[] values = new double[table.length];
        for (int i = 0; i < values.length; i++) {
            int step = table[i] - output.zeroPoint();
            values[i] =
                    steps.dataType() == DataType.DOUBLE
                            ? step * (double) output.scale()
                            : step * output.scale();
        }
        QuantParams unitSteps = QuantParams.of(input.spec(), 1f, input.zeroPoint());
        TensorKernels.lookup(steps, steps, unitSteps, values);
        return steps;
    }
}
