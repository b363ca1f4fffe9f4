package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.AttentionWeights;
import io.github.dl4jqat.integer.DotProductAttention;
import io.github.dl4jqat.integer.FloatConstant;
import io.github.dl4jqat.integer.MultiHeadAttention;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Attention, which computes in float as a whole: its projections stand between it and its inputs in
 * one SameDiff graph, where no quantizer reaches them, so it keeps them as floats.
 */
final class AttentionForms {

    private AttentionForms() {}

    /** A layer whose queries, keys and values are what it reads. */
    static Flow self(Node node, Flow in, Conversion c) {
        return vertex(node, List.of(in, in, in), c);
    }

    /** The vertex: queries, keys and values. */
    static Flow vertex(Node node, List<Flow> in, Conversion c) {
        requireNoWrapper(node);
        List<TensorType> x = sequences(node, in, c);
        Map<String, INDArray> learned =
                node.layer() == null ? node.learned() : node.running().paramTable();
        TensorType queries = x.get(0);
        TensorType keys = x.get(1);
        TensorType values = x.get(2);
        if (learned.isEmpty()) {
            TensorType y = output(node, values.size(0), queries, c);
            c.draft().add(new DotProductAttention(node.name(), queries, keys, values, y));
            return Flow.of(y, false);
        }
        AttentionWeights weights =
                new AttentionWeights(
                        constant(learned.get("Wq")),
                        constant(learned.get("Wk")),
                        constant(learned.get("Wv")),
                        constant(learned.get("Wo")));
        TensorType y = output(node, weights.output().size(1), queries, c);
        c.draft().add(new MultiHeadAttention(node.name(), queries, keys, values, y, weights));
        return Flow.of(y, false);
    }

    private static TensorType output(Node node, int features, TensorType queries, Conversion c) {
        return IslandForms.output(node, List.of(features, queries.size(1)), c);
    }

    private static void requireNoWrapper(Node node) {
        if (!node.wrappers().isEmpty()) {
            throw new IllegalArgumentException(
                    "it stands in a "
                            + node.wrappers().get(0).getClass().getSimpleName()
                            + ", which an integer model has around recurrent layers only; take it"
                            + " out of that");
        }
    }

    private static FloatConstant constant(INDArray parameter) {
        List<Integer> shape = Arrays.stream(parameter.shape()).mapToObj(Math::toIntExact).toList();
        return FloatConstant.of(shape, parameter.dup('c').data().asFloat());
    }

    /** The floats of what is read, each tensor dequantized once. */
    private static List<TensorType> sequences(Node node, List<Flow> in, Conversion c) {
        IdentityHashMap<Flow, TensorType> floats = new IdentityHashMap<>();
        List<TensorType> x = new ArrayList<>();
        for (Flow flow : in) {
            if (flow.channelsLast()) {
                throw new IllegalArgumentException(
                        "it takes sequences as [features, time]; use RNNFormat.NCW before it");
            }
            TensorType tensor = floats.get(flow);
            if (tensor == null) {
                tensor = IslandForms.floats(node, flow, c);
                if (tensor.rank() != 2) {
                    throw new IllegalArgumentException(
                            "it reads "
                                    + tensor
                                    + ", expected sequences [features, time]; is a preprocessor"
                                    + " missing?");
                }
                floats.put(flow, tensor);
            }
            x.add(tensor);
        }
        return x;
    }
}
