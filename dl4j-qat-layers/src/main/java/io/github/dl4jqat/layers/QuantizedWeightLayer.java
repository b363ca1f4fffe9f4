package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;

/** A running quantized layer with weights. */
public interface QuantizedWeightLayer extends QuantizedLayer {

    /**
     * The integers that stand for the weights and the bias, as evaluation uses them.
     *
     * @throws IllegalStateException if the weights are not quantized, or the scale of the input is
     *     not known yet
     */
    IntegerWeights integerWeights();

    /**
     * The integers of the weights alone, in the order of {@link IntegerWeights#values}; unlike
     * these they can be had before the scale of the input is known.
     *
     * @return null if the weights are not quantized
     */
    int[] weightLevels();

    /** Weights and bias as integers. Immutable and thread-safe. */
    final class IntegerWeights {

        private final int[] values;
        private final QuantParams params;
        private final int[] bias;

        IntegerWeights(int[] values, QuantParams params, int[] bias) {
            this.values = values;
            this.params = params;
            this.bias = bias;
        }

        /**
         * The weights, output channel first: {@code [nOut, nIn, kH, kW]} or {@code [nOut, nIn]},
         * row-major.
         */
        public int[] values() {
            return values.clone();
        }

        /** Their scales. */
        public QuantParams params() {
            return params;
        }

        /** Int32 at the scale {@code inputScale * weightScale[c]}; zeros for a layer without. */
        public int[] bias() {
            return bias.clone();
        }

        /** How many output channels there are. */
        public int channels() {
            return bias.length;
        }
    }
}
