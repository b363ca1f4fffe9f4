package io.github.dl4jqat.convert;

import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.DataFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.preprocessor.Cnn3DToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;

/** Where the channels of a network's tensors are: DL4J's second axis, or the last one. */
final class DataFormats {

    /** How each kind of layer says its format; a kind before those that it extends. */
    private static final Map<Class<?>, Function<Layer, DataFormat>> FORMATS = formats();

    private DataFormats() {}

    private static Map<Class<?>, Function<Layer, DataFormat>> formats() {
        Map<Class<?>, Function<Layer, DataFormat>> map = new LinkedHashMap<>();
        map.put(Convolution1DLayer.class, l -> ((Convolution1DLayer) l).getRnnDataFormat());
        map.put(Convolution3D.class, l -> ((Convolution3D) l).getDataFormat());
        map.put(Deconvolution3D.class, l -> ((Deconvolution3D) l).getDataFormat());
        map.put(ConvolutionLayer.class, l -> ((ConvolutionLayer) l).getCnn2dDataFormat());
        map.put(LocallyConnected1D.class, l -> RNNFormat.NCW);
        map.put(LocallyConnected2D.class, l -> ((LocallyConnected2D) l).getFormat());
        map.put(SubsamplingLayer.class, l -> ((SubsamplingLayer) l).getCnn2dDataFormat());
        map.put(Subsampling3DLayer.class, l -> ((Subsampling3DLayer) l).getDataFormat());
        map.put(Upsampling2D.class, l -> ((Upsampling2D) l).getFormat());
        map.put(Upsampling3D.class, l -> ((Upsampling3D) l).getDataFormat());
        map.put(ZeroPaddingLayer.class, l -> ((ZeroPaddingLayer) l).getDataFormat());
        map.put(Cropping2D.class, l -> ((Cropping2D) l).getDataFormat());
        map.put(SpaceToDepthLayer.class, l -> ((SpaceToDepthLayer) l).getDataFormat());
        map.put(BatchNormalization.class, l -> ((BatchNormalization) l).getCnn2DFormat());
        map.put(
                LocalResponseNormalization.class,
                l -> ((LocalResponseNormalization) l).getDataFormat());
        map.put(CnnLossLayer.class, l -> ((CnnLossLayer) l).getFormat());
        map.put(Cnn3DLossLayer.class, l -> ((Cnn3DLossLayer) l).getDataFormat());
        map.put(Bidirectional.class, l -> ((Bidirectional) l).getRNNDataFormat());
        map.put(BaseRecurrentLayer.class, l -> ((BaseRecurrentLayer) l).getRnnDataFormat());
        map.put(EmbeddingSequenceLayer.class, l -> ((EmbeddingSequenceLayer) l).getOutputFormat());
        map.put(RnnOutputLayer.class, l -> ((RnnOutputLayer) l).getRnnDataFormat());
        map.put(RepeatVector.class, l -> ((RepeatVector) l).getDataFormat());
        map.put(RnnLossLayer.class, l -> ((RnnLossLayer) l).getRnnDataFormat());
        return map;
    }

    /** Whether the channels of what a layer reads are last; null if it treats all numbers alike. */
    static Boolean channelsLast(Layer layer) {
        if (layer instanceof GlobalPoolingLayer pooling) {
            int[] axes = pooling.getPoolingDimensions();
            return axes == null ? null : Arrays.stream(axes).anyMatch(axis -> axis == 1);
        }
        for (Map.Entry<Class<?>, Function<Layer, DataFormat>> format : FORMATS.entrySet()) {
            if (format.getKey().isInstance(layer)) {
                return channelsLast(format.getValue().apply(layer));
            }
        }
        return null;
    }

    private static Boolean channelsLast(DataFormat format) {
        return format == null
                ? null
                : format == CNN2DFormat.NHWC
                        || format == RNNFormat.NWC
                        || format == Convolution3D.DataFormat.NDHWC;
    }

    /**
     * Whether the channels of what a node gives are last. A layer that has a format says so; any
     * other has that of what it reads, and the network's input, or what was reshaped as an array,
     * that of what reads it. Behind a global pooling layer the channels are first always.
     */
    static boolean channelsLast(NetworkView network, Node node) {
        if (node.layer() instanceof GlobalPoolingLayer) {
            return false;
        }
        Boolean own = channelsLast(node.layer());
        if (own != null) {
            return own;
        }
        if (ArrayPreProcessors.contains(preProcessor(node))) {
            return Boolean.TRUE.equals(readChannelsLast(network, node));
        }
        String input = node.inputs().get(0);
        Node before = network.byName().get(input);
        return before == null
                ? Boolean.TRUE.equals(readChannelsLast(network, input))
                : channelsLast(network, before);
    }

    /**
     * Whether what a node reads, behind its preprocessor, has its channels last: as the node itself
     * wants them or the next ones behind it that say so; null if none does.
     */
    static Boolean readChannelsLast(NetworkView network, Node node) {
        Boolean own = channelsLast(node.layer());
        boolean known = own != null || makesVectors(node.layer());
        return known ? own : readChannelsLast(network, node.name());
    }

    /** The same for all that read a network input or a node. */
    private static Boolean readChannelsLast(NetworkView network, String name) {
        Boolean found = null;
        for (Node reader : network.consumers(name)) {
            InputPreProcessor p = preProcessor(reader);
            Boolean read = null;
            if (p instanceof CnnToFeedForwardPreProcessor flattened) {
                read = flattened.getFormat() == CNN2DFormat.NHWC;
            } else if (p instanceof Cnn3DToFeedForwardPreProcessor flattened) {
                read = !flattened.isNCDHW();
            } else if (!ArrayPreProcessors.contains(p)) {
                read = readChannelsLast(network, reader);
            }
            if (read != null) {
                found = read || Boolean.TRUE.equals(found);
            }
        }
        return found;
    }

    /** The preprocessor of a layer, or that a vertex is; null if there is none. */
    private static InputPreProcessor preProcessor(Node node) {
        return node.vertex() instanceof PreprocessorVertex vertex
                ? vertex.getPreProcessor()
                : node.preProcessor();
    }

    /** Behind such a layer there are no channels of an image any more. */
    private static boolean makesVectors(Layer layer) {
        return layer instanceof DenseLayer
                || layer instanceof AutoEncoder
                || layer instanceof VariationalAutoencoder
                || layer instanceof BaseOutputLayer;
    }
}
