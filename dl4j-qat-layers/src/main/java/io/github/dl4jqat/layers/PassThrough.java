package io.github.dl4jqat.layers;

import java.util.Set;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.ComposableInputPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnn3DPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToRnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToCnnPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.RnnToFeedForwardPreProcessor;
import org.deeplearning4j.preprocessors.KerasFlattenRnnPreprocessor;
import org.deeplearning4j.preprocessors.PermutePreprocessor;
import org.deeplearning4j.preprocessors.ReshapePreprocessor;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;

/**
 * The stock layers and preprocessors whose output lies on the grid of their input, so that one
 * quantizer serves for both: they pick numbers, move them, repeat them, or set them to zero.
 */
public final class PassThrough {

    private static final Set<Class<? extends Layer>> MOVING =
            Set.of(
                    Upsampling1D.class,
                    Upsampling2D.class,
                    Upsampling3D.class,
                    ZeroPadding1DLayer.class,
                    ZeroPaddingLayer.class,
                    ZeroPadding3DLayer.class,
                    Cropping1D.class,
                    Cropping2D.class,
                    Cropping3D.class,
                    SpaceToDepthLayer.class,
                    RepeatVector.class,
                    MaskLayer.class);

    private static final Set<Class<? extends InputPreProcessor>> RESHAPING =
            Set.of(
                    CnnToFeedForwardPreProcessor.class,
                    FeedForwardToCnnPreProcessor.class,
                    Cnn3DToFeedForwardPreProcessor.class,
                    FeedForwardToCnn3DPreProcessor.class,
                    RnnToFeedForwardPreProcessor.class,
                    FeedForwardToRnnPreProcessor.class,
                    CnnToRnnPreProcessor.class,
                    RnnToCnnPreProcessor.class,
                    KerasFlattenRnnPreprocessor.class,
                    ReshapePreprocessor.class,
                    PermutePreprocessor.class);

    private PassThrough() {}

    /** Whether a layer keeps the grid of its input. */
    public static boolean keepsGrid(Layer layer) {
        if (layer instanceof QuantLayerConfiguration quantLayerConfiguration) {
            return quantLayerConfiguration.getQuantization().output() == null
                    && layer instanceof FakeQuantLayer;
        }
        Class<?> type = layer.getClass();
        if (type == SubsamplingLayer.class || type == Subsampling1DLayer.class) {
            return ((SubsamplingLayer) layer).getPoolingType() == PoolingType.MAX;
        }
        if (type == Subsampling3DLayer.class) {
            return ((Subsampling3DLayer) layer).getPoolingType() == PoolingType.MAX;
        }
        if (type == GlobalPoolingLayer.class) {
            return ((GlobalPoolingLayer) layer).getPoolingType() == PoolingType.MAX;
        }
        if (type == ActivationLayer.class) {
            return keepsGrid(((ActivationLayer) layer).getActivationFn());
        }
        return layer instanceof DropoutLayer
                || layer instanceof PassOnLayer
                || MOVING.contains(type);
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
        if (preProcessor instanceof ComposableInputPreProcessor several) {
            for (InputPreProcessor one : several.getInputPreProcessors()) {
                if (!keepsGrid(one)) {
                    return false;
                }
            }
            return true;
        }
        return preProcessor == null || RESHAPING.contains(preProcessor.getClass());
    }
}
