package io.github.dl4jqat.convert;

import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.NetworkView.Node;
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
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.Layer;

/**
 * Which class turns which kind of layer or vertex into operations of the integer model. A new kind
 * needs a line here.
 */
final class IntegerForms {

    /** A layer's way into the integer model. */
    interface LayerForm {
        /**
         * What flows out of a layer.
         *
         * @param in what flows in, behind the layer's preprocessor; integers for a quantized layer
         */
        Flow apply(Node node, Flow in, Conversion conversion);
    }

    /** A vertex's way into the integer model. */
    interface VertexForm {
        /** What flows out of a vertex. */
        Flow apply(Node node, List<Flow> in, Conversion conversion);
    }

    /** Quantized layers: integers in, integers out. */
    static final Map<Class<? extends Layer>, LayerForm> QUANTIZED = quantized();

    /** Stock layers that keep the grid of their input. */
    static final Map<Class<? extends Layer>, LayerForm> MOVING = MovingForms.all();

    /** Vertices. */
    static final Map<Class<? extends GraphVertex>, VertexForm> VERTICES = VertexForms.all();

    private IntegerForms() {}

    private static Map<Class<? extends Layer>, LayerForm> quantized() {
        Map<Class<? extends Layer>, LayerForm> forms = new LinkedHashMap<>();
        forms.put(QuantConvolutionLayer.class, ConvolutionForms::convolution);
        forms.put(QuantDepthwiseConvolution2D.class, ConvolutionForms::depthwise);
        forms.put(QuantDeconvolution2D.class, ConvolutionForms::transposed);
        forms.put(QuantSeparableConvolution2D.class, ConvolutionForms::separable);
        forms.put(QuantConvolution1DLayer.class, ConvolutionForms::sequence);
        forms.put(QuantLocallyConnected1D.class, LocalForms::sequence);
        forms.put(QuantLocallyConnected2D.class, LocalForms::image);
        forms.put(QuantDenseLayer.class, LinearForms::dense);
        forms.put(QuantElementWiseMultiplicationLayer.class, LinearForms::channelScale);
        forms.put(QuantConvolution3D.class, VolumeForms::convolution);
        forms.put(QuantDeconvolution3D.class, VolumeForms::transposed);
        forms.put(QuantAutoEncoder.class, LinearForms::dense);
        forms.put(QuantVariationalAutoencoder.class, LinearForms::encoder);
        forms.put(QuantEmbeddingLayer.class, TableForms::embedding);
        forms.put(QuantEmbeddingSequenceLayer.class, TableForms::embedding);
        forms.put(QuantOutputLayer.class, LinearForms::output);
        forms.put(QuantLSTM.class, SequenceForms::recurrent);
        forms.put(QuantGravesLSTM.class, SequenceForms::recurrent);
        forms.put(QuantSimpleRnn.class, SequenceForms::recurrent);
        forms.put(QuantBidirectional.class, SequenceForms::bidirectional);
        forms.put(QuantGravesBidirectionalLSTM.class, SequenceForms::bidirectional);
        forms.put(QuantRnnOutputLayer.class, SequenceForms::output);
        forms.put(QuantCenterLossOutputLayer.class, LinearForms::output);
        forms.put(QuantBatchNormalization.class, LinearForms::channelScale);
        forms.put(QuantSubsamplingLayer.class, PoolingForms::average);
        forms.put(QuantSubsampling1DLayer.class, PoolingForms::average);
        forms.put(QuantSubsampling3DLayer.class, VolumePooling::average);
        forms.put(QuantGlobalPoolingLayer.class, PoolingForms::global);
        forms.put(QuantPReLULayer.class, TableForms::prelu);
        forms.put(QuantActivationLayer.class, ElementForms::activation);
        forms.put(FakeQuantLayer.class, ElementForms::fakeQuant);
        return forms;
    }
}
