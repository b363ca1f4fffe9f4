package io.github.dl4jqat.layers;

/** A running quantized layer that may have a batch normalization in it. */
public interface NormalizingLayer extends QuantizedLayer {

    /** The running statistics of its batch normalization; null if there is none. */
    RunningStatistics runningStatistics();
}
