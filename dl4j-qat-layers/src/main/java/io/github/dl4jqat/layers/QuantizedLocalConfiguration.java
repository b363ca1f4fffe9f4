package io.github.dl4jqat.layers;

import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;

/** What the configurations of both quantized locally connected layers say. */
public interface QuantizedLocalConfiguration extends QuantLayerConfiguration {

    /** The activation function, as the stock layer computes it. */
    IActivation function();

    /** How many positions have weights of their own; 0 as long as the sizes are not known. */
    int positions();

    /** How many output channels each position has; 0 or less as long as that is not known. */
    long outputs();

    /**
     * The function that a stock locally connected layer computes for an activation: as a SameDiff
     * graph, where a leaky ReLU has a slope of zero.
     */
    static IActivation function(Activation activation) {
        return activation == Activation.LEAKYRELU
                ? new ActivationReLU()
                : activation.getActivationFunction();
    }
}
