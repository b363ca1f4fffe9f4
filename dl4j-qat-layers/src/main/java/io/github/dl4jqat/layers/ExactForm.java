package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What a layer without weights does with integers. */
interface ExactForm {

    /**
     * The output, on its grid, in the type of the steps or in DOUBLE.
     *
     * @param steps the input as whole numbers {@code q - zeroPoint}; may be overwritten
     * @param input the grid of the input
     * @param output the grid of the output
     */
    INDArray apply(INDArray steps, QuantParams input, QuantParams output, Requantization mode);

    /**
     * The same where a mask says which steps count.
     *
     * @param mask 1 for each time step that counts, {@code [batch, time]}; null if all do
     * @return null if masks have no such form here
     */
    default INDArray apply(
            INDArray steps,
            INDArray mask,
            QuantParams input,
            QuantParams output,
            Requantization mode) {
        return mask == null ? apply(steps, input, output, mode) : null;
    }
}
