package io.github.dl4jqat.layers;

import java.util.List;

/** A running variational autoencoder, which feeds forward through several dense layers. */
public interface QuantizedEncoderLayer extends QuantizedLayer {

    /**
     * These dense layers as nodes of their own, in order. The last one has the name of the whole,
     * the others have it with {@code /encoder0}, {@code /encoder1}, ... behind; each running layer
     * is a {@link QuantizedWeightLayer}.
     *
     * @param whole the node of this layer
     */
    List<NetworkView.Node> parts(NetworkView.Node whole);

    /**
     * The integers of the weights of all parts, one part after the other; see {@link
     * QuantizedWeightLayer#weightLevels}.
     *
     * @return null if the weights are not quantized
     */
    int[] weightLevels();
}
