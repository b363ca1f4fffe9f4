package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;

/**
 * Takes the stock settings from a builder where the stock configuration's own constructor for that
 * is private.
 */
final class BuilderFields {

    private BuilderFields() {}

    static void copy(FeedForwardLayer.Builder<?> from, FeedForwardLayer to) {
        to.setLayerName(from.getLayerName());
        to.setIDropout(from.getIDropout());
        to.setNIn(from.getNIn());
        to.setNOut(from.getNOut());
        to.setActivationFn(from.getActivationFn());
        to.setWeightInitFn(from.getWeightInitFn());
        to.setBiasInit(from.getBiasInit());
        to.setGainInit(from.getGainInit());
        to.setRegularization(from.getRegularization());
        to.setRegularizationBias(from.getRegularizationBias());
        to.setIUpdater(from.getIupdater());
        to.setBiasUpdater(from.getBiasUpdater());
        to.setGradientNormalization(from.getGradientNormalization());
        to.setGradientNormalizationThreshold(from.getGradientNormalizationThreshold());
        to.setWeightNoise(from.getWeightNoise());
    }
}
