package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
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

    /** The same settings in a stock builder, which is given back. */
    static <B extends FeedForwardLayer.Builder<?>> B copy(FeedForwardLayer.Builder<?> from, B to) {
        to.setLayerName(from.getLayerName());
        to.setIDropout(from.getIDropout());
        to.setAllParamConstraints(from.getAllParamConstraints());
        to.setWeightConstraints(from.getWeightConstraints());
        to.setBiasConstraints(from.getBiasConstraints());
        to.setNIn(from.getNIn());
        to.setNOut(from.getNOut());
        to.setActivationFn(from.getActivationFn());
        to.setWeightInitFn(from.getWeightInitFn());
        to.setBiasInit(from.getBiasInit());
        to.setGainInit(from.getGainInit());
        to.setRegularization(from.getRegularization());
        to.setRegularizationBias(from.getRegularizationBias());
        to.setIupdater(from.getIupdater());
        to.setBiasUpdater(from.getBiasUpdater());
        to.setGradientNormalization(from.getGradientNormalization());
        to.setGradientNormalizationThreshold(from.getGradientNormalizationThreshold());
        to.setWeightNoise(from.getWeightNoise());
        return to;
    }

    /** The same settings of a convolution in a stock builder, which is given back. */
    static <B extends ConvolutionLayer.BaseConvBuilder<?>> B copyConvolution(
            ConvolutionLayer.BaseConvBuilder<?> from, B to) {
        copy(from, to);
        to.setHasBias(from.isHasBias());
        to.setKernelSize(from.getKernelSize());
        to.setStride(from.getStride());
        to.setPadding(from.getPadding());
        to.setDilation(from.getDilation());
        if (from.getConvolutionMode() != null) {
            to.convolutionMode(from.getConvolutionMode());
        }
        to.setCudnnAlgoMode(from.getCudnnAlgoMode());
        to.setCudnnFwdAlgo(from.getCudnnFwdAlgo());
        to.setCudnnBwdFilterAlgo(from.getCudnnBwdFilterAlgo());
        to.setCudnnBwdDataAlgo(from.getCudnnBwdDataAlgo());
        to.setCudnnAllowFallback(from.isCudnnAllowFallback());
        return to;
    }
}
