package io.github.dl4jqat.layers;

/** A running embedding layer. */
public interface QuantizedEmbedding extends QuantizedLayer {

    /**
     * The integers of the output for each index, bias and activation function included: one row for
     * each.
     */
    int[][] integerTable();
}
