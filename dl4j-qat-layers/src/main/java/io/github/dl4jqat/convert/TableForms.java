package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Embedding;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedEmbedding;
import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;

/** Layers with float parameters, whose integer form is a table of their results. */
final class TableForms {

    private TableForms() {}

    static Flow embedding(Node node, Flow in, Conversion c) {
        if (in.networkInput() == null || !in.pending().isEmpty()) {
            throw new IllegalArgumentException(
                    "it does not read an input of the network as it is; indices are no numbers to"
                            + " compute with before");
        }
        QuantizedEmbedding layer = (QuantizedEmbedding) node.running();
        int[][] table = layer.integerTable();
        int columns = table[0].length;
        boolean sequence = node.layer() instanceof EmbeddingSequenceLayer;
        List<Integer> indices = sequence ? layer.quantization().inputShape() : List.of(1);
        if (indices == null) {
            throw new IllegalArgumentException(
                    "the length of its sequences is not known; call Qat.calibrate, or train the"
                            + " network");
        }
        TensorType x = c.draft().rawInput(in.networkInput(), indices);
        TensorType y =
                new TensorType(
                        c.draft().unique(node.name()),
                        sequence ? List.of(columns, x.elements()) : List.of(columns),
                        layer.outputParams());
        c.draft().add(new Embedding(node.name(), x, y, table));
        return Flow.of(y, sequence && isChannelsLast((EmbeddingSequenceLayer) node.layer()));
    }

    private static boolean isChannelsLast(EmbeddingSequenceLayer layer) {
        return layer.getOutputFormat() == RNNFormat.NWC;
    }
}
