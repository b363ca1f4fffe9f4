package io.github.dl4jqat.estimator;

/** What a quantized tensor is. */
public enum TensorRole {
    /** The weights of a layer: they are known at any time, so their range is their own. */
    WEIGHT,
    /** What flows between layers: its range has to be observed or learned. */
    ACTIVATION
}
