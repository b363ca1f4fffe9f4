package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;

/**
 * The stock layers and preprocessors whose output lies on the grid of their input, so that one
 * quantizer serves for both: they pick numbers, move them, or set them to zero.
 */
public final class PassThrough {

    private PassThrough() {}

    /** Whether a layer keeps the grid of its input. */
    public static boolean keepsGrid(Layer layer) {
        if (layer instanceof QuantLayerConfiguration quantLayerConfiguration) {
            return quantLayerConfiguration.getQuantization().output() == null
                    && layer instanceof FakeQuantLayer;
        }
        if (layer.getClass() == SubsamplingLayer.class) {
            return ((SubsamplingLayer) layer).getPoolingType() == PoolingType.MAX;
        }
        if (layer.getClass() == GlobalPoolingLayer.class) {
            return ((GlobalPoolingLayer) layer).getPoolingType() == PoolingType.MAX;
        }
        if (layer.getClass() == ActivationLayer.class) {
            return keepsGrid(((ActivationLayer) layer).getActivationFn());
        }
        return layer instanceof DropoutLayer;
    }

    /** Whether a function maps every grid with a zero to itself. */
    static boolean keepsGrid(IActivation f) {
        return f instanceof ActivationIdentity
                || (f instanceof ActivationReLU activationReLU
                        && ActivationTable.isClamp(f)
                        && activationReLU.getMax() == null);
    }

    /** Whether a preprocessor, or none, keeps the grid of its input. */
    public static boolean keepsGrid(InputPreProcessor preProcessor) {
        return preProcessor == null
                || preProcessor.getClass() == CnnToFeedForwardPreProcessor.class
                || preProcessor.getClass() == FeedForwardToCnnPreProcessor.class;
    }
}
