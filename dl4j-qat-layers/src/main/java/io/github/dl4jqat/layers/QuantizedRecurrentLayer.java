package io.github.dl4jqat.layers;

import io.github.dl4jqat.kernels.RecurrentCell;

/** A running quantized recurrent layer. */
public interface QuantizedRecurrentLayer extends QuantizedLayer {

    /**
     * The integer arithmetic that evaluation uses right now.
     *
     * @throws IllegalStateException if some part of the layer is not quantized, a range has not
     *     been observed yet, or the scale of the input is not known
     * @throws IllegalArgumentException if an accumulator could overflow
     */
    RecurrentCell integerCell();

    /**
     * The integers of the weights alone: those of the input, then those of the last output, each
     * column by column. Unlike the cell they can be had before the scale of the input is known.
     *
     * @return null if the weights are not quantized
     */
    int[] weightLevels();
}
