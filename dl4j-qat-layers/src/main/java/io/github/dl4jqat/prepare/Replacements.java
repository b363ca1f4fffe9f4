package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.QuantActivationLayer;
import io.github.dl4jqat.layers.QuantAutoEncoder;
import io.github.dl4jqat.layers.QuantBatchNormalization;
import io.github.dl4jqat.layers.QuantBidirectional;
import io.github.dl4jqat.layers.QuantCenterLossOutputLayer;
import io.github.dl4jqat.layers.QuantConvolution1DLayer;
import io.github.dl4jqat.layers.QuantConvolution3D;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.QuantDeconvolution2D;
import io.github.dl4jqat.layers.QuantDeconvolution3D;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantDepthwiseConvolution2D;
import io.github.dl4jqat.layers.QuantElementWiseMultiplicationLayer;
import io.github.dl4jqat.layers.QuantEmbeddingLayer;
import io.github.dl4jqat.layers.QuantEmbeddingSequenceLayer;
import io.github.dl4jqat.layers.QuantGlobalPoolingLayer;
import io.github.dl4jqat.layers.QuantGravesBidirectionalLSTM;
import io.github.dl4jqat.layers.QuantGravesLSTM;
import io.github.dl4jqat.layers.QuantLSTM;
import io.github.dl4jqat.layers.QuantLocallyConnected1D;
import io.github.dl4jqat.layers.QuantLocallyConnected2D;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.QuantPReLULayer;
import io.github.dl4jqat.layers.QuantRnnOutputLayer;
import io.github.dl4jqat.layers.QuantSeparableConvolution2D;
import io.github.dl4jqat.layers.QuantSimpleRnn;
import io.github.dl4jqat.layers.QuantSubsampling1DLayer;
import io.github.dl4jqat.layers.QuantSubsampling3DLayer;
import io.github.dl4jqat.layers.QuantSubsamplingLayer;
import io.github.dl4jqat.layers.QuantVariationalAutoencoder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;

/** Which quantized layer stands for which stock layer. */
final class Replacements {

    /** The quantized twins of the layers with weights. Subclasses of a stock layer are not it. */
    static final Map<Class<? extends Layer>, Class<? extends Layer>> WEIGHTED = weighted();

    /** The quantized twins of the layers that compute new numbers without weights. */
    static final Map<Class<? extends Layer>, Class<? extends Layer>> WEIGHTLESS = weightless();

    /** The layers that take a batch normalization behind them into their weights. */
    static final Set<Class<? extends Layer>> FOLDING =
            Set.of(
                    ConvolutionLayer.class,
                    Convolution1DLayer.class,
                    Convolution1D.class,
                    DepthwiseConvolution2D.class,
                    Deconvolution2D.class,
                    SeparableConvolution2D.class,
                    Convolution3D.class,
                    Deconvolution3D.class,
                    DenseLayer.class);

    private Replacements() {}

    @SuppressWarnings("deprecation") // GravesLSTM is, but networks have it
    private static Map<Class<? extends Layer>, Class<? extends Layer>> weighted() {
        Map<Class<? extends Layer>, Class<? extends Layer>> map = new LinkedHashMap<>();
        map.put(ConvolutionLayer.class, QuantConvolutionLayer.class);
        map.put(Convolution1DLayer.class, QuantConvolution1DLayer.class);
        map.put(Convolution1D.class, QuantConvolution1DLayer.class);
        map.put(DepthwiseConvolution2D.class, QuantDepthwiseConvolution2D.class);
        map.put(Deconvolution2D.class, QuantDeconvolution2D.class);
        map.put(SeparableConvolution2D.class, QuantSeparableConvolution2D.class);
        map.put(DenseLayer.class, QuantDenseLayer.class);
        map.put(ElementWiseMultiplicationLayer.class, QuantElementWiseMultiplicationLayer.class);
        map.put(Convolution3D.class, QuantConvolution3D.class);
        map.put(Deconvolution3D.class, QuantDeconvolution3D.class);
        map.put(AutoEncoder.class, QuantAutoEncoder.class);
        map.put(VariationalAutoencoder.class, QuantVariationalAutoencoder.class);
        map.put(LocallyConnected1D.class, QuantLocallyConnected1D.class);
        map.put(LocallyConnected2D.class, QuantLocallyConnected2D.class);
        map.put(EmbeddingLayer.class, QuantEmbeddingLayer.class);
        map.put(EmbeddingSequenceLayer.class, QuantEmbeddingSequenceLayer.class);
        map.put(OutputLayer.class, QuantOutputLayer.class);
        map.put(LSTM.class, QuantLSTM.class);
        map.put(GravesLSTM.class, QuantGravesLSTM.class);
        map.put(SimpleRnn.class, QuantSimpleRnn.class);
        map.put(Bidirectional.class, QuantBidirectional.class);
        map.put(GravesBidirectionalLSTM.class, QuantGravesBidirectionalLSTM.class);
        map.put(RnnOutputLayer.class, QuantRnnOutputLayer.class);
        map.put(CenterLossOutputLayer.class, QuantCenterLossOutputLayer.class);
        map.put(BatchNormalization.class, QuantBatchNormalization.class);
        return map;
    }

    private static Map<Class<? extends Layer>, Class<? extends Layer>> weightless() {
        Map<Class<? extends Layer>, Class<? extends Layer>> map = new LinkedHashMap<>();
        map.put(SubsamplingLayer.class, QuantSubsamplingLayer.class);
        map.put(Subsampling1DLayer.class, QuantSubsampling1DLayer.class);
        map.put(Subsampling3DLayer.class, QuantSubsampling3DLayer.class);
        map.put(GlobalPoolingLayer.class, QuantGlobalPoolingLayer.class);
        map.put(PReLULayer.class, QuantPReLULayer.class);
        map.put(ActivationLayer.class, QuantActivationLayer.class);
        return map;
    }
}
