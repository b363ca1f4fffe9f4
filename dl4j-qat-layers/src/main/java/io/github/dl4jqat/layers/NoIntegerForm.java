package io.github.dl4jqat.layers;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2Vertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SpaceToBatchLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffVertex;

/** Why some layers and vertices can have no form in an integer model, and what to do instead. */
public final class NoIntegerForm {

    private static final String BY_ITSELF =
            ", and an integer model computes each example by itself; ";

    private static final Map<Class<?>, String> REASONS = reasons();

    private NoIntegerForm() {}

    private static Map<Class<?>, String> reasons() {
        Map<Class<?>, String> map = new LinkedHashMap<>();
        map.put(
                StackVertex.class,
                "it stacks examples along the batch"
                        + BY_ITSELF
                        + "prepare the network without it, and stack the examples before it");
        map.put(
                UnstackVertex.class,
                "it takes some examples out of the batch"
                        + BY_ITSELF
                        + "prepare the network without it, and pick the examples behind it");
        map.put(
                SpaceToBatchLayer.class,
                "it moves blocks of an image to the batch"
                        + BY_ITSELF
                        + "use a dilated convolution, or a SpaceToDepthLayer");
        map.put(
                L2Vertex.class,
                "the distance of two tensors is the root of a sum of squares; let the network end"
                        + " in the two tensors, and compute the distance of its outputs");
        map.put(
                LearnedSelfAttentionLayer.class,
                "this version of Deeplearning4j cannot run it: its SameDiff graph has a"
                    + " scatter_update without indices; use an AttentionVertex, and an input of the"
                    + " network for the queries");
        map.put(
                RecurrentAttentionLayer.class,
                "each of its time steps waits for a softmax over the whole sequence, in a"
                        + " SameDiff graph where no quantizer reaches its weights; use an LSTM, and"
                        + " a SelfAttentionLayer behind it");
        map.put(
                SameDiffVertex.class,
                "what it computes only its author knows; build it of layers and vertices that"
                        + " have an integer form");
        return map;
    }

    /** Why a vertex has none, as a clause about it. */
    public static String reason(GraphVertex vertex) {
        if (vertex instanceof PreprocessorVertex preprocessor) {
            return "its "
                    + preprocessor.getPreProcessor().getClass().getSimpleName()
                    + " has no integer form; use a ReshapeVertex, or do it to the data before the"
                    + " network";
        }
        String reason = known(vertex.getClass());
        return reason == null
                ? "there is no integer form of a "
                        + vertex.getClass().getSimpleName()
                        + "; take it out of the network, or end the network before it"
                : reason;
    }

    /** Why a layer has none, as a clause about it; null where it only has not been written. */
    public static String reason(Layer layer) {
        if (layer instanceof Bidirectional pair
                && QuantBidirectional.unwrapped(pair.getFwd()) instanceof QuantLayerConfiguration) {
            return "the layers in it are quantized, but not what they give together; quantize the"
                    + " whole, as in Qat.layer(new Bidirectional(lstm)).build()";
        }
        return known(layer.getClass());
    }

    private static String known(Class<?> type) {
        for (Map.Entry<Class<?>, String> e : REASONS.entrySet()) {
            if (e.getKey().isAssignableFrom(type)) {
                return e.getValue();
            }
        }
        return null;
    }
}
