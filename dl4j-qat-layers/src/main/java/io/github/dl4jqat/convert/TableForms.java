package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Embedding;
import io.github.dl4jqat.integer.Lookup;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.PReluTable;
import io.github.dl4jqat.layers.QuantizedEmbedding;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.layers.QuantizedPRelu;
import io.github.dl4jqat.quant.QuantParams;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layers with float parameters, whose integer form is a table of their results. */
final class TableForms {

    /** More entries would make a model of nothing but tables. */
    private static final long MOST_ENTRIES = 1L << 24;

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
        List<Integer> fixed = sequence ? null : List.of(1);
        List<Integer> noted = sequence ? layer.quantization().inputShape() : fixed;
        List<Integer> wanted = c.shapes().of(in.networkInput(), fixed, noted);
        List<Integer> indices = wanted == null ? noted : wanted;
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

    /** A table for each slope. */
    static Flow prelu(Node node, Flow in, Conversion c) {
        QuantParams out = ((QuantizedLayer) node.running()).outputParams();
        TensorType x = in.tensor();
        INDArray alpha = channelsFirst(((QuantizedPRelu) node.running()).alpha(), in);
        boolean perChannel = alpha.length() == alpha.size(0);
        boolean shared = alpha.length() == 1;
        List<Integer> rows =
                shared || (perChannel && alpha.size(0) == x.size(0))
                        ? x.shape()
                        : List.of(x.elements());
        float[] slopes =
                rows.equals(x.shape())
                        ? alpha.dup('c').data().asFloat()
                        : alpha.broadcast(shapeOf(x)).dup('c').data().asFloat();
        int levels = x.params().spec().qMax() - x.params().spec().qMin() + 1;
        if (slopes.length * (long) levels > MOST_ENTRIES) {
            throw new IllegalArgumentException(
                    "it has "
                            + slopes.length
                            + " slopes, too many for a table of "
                            + levels
                            + " integers each; let the axes of an image share their slopes");
        }
        int[][] tables =
                IntStream.range(0, slopes.length)
                        .mapToObj(i -> PReluTable.table(slopes[i], x.params(), out))
                        .toArray(int[][]::new);
        boolean flat = !rows.equals(x.shape());
        TensorType input = c.draft().reshape(x, rows, node.name());
        TensorType y =
                new TensorType(
                        c.draft().unique(flat ? node.name() + ":flat" : node.name()), rows, out);
        c.draft()
                .add(
                        shared
                                ? new Lookup(node.name(), input, y, tables[0])
                                : Lookup.perChannel(node.name(), input, y, tables));
        return Flow.of(flat ? c.draft().result(y, x.shape(), node.name()) : y, in.channelsLast());
    }

    /** The slopes in the order of the integer model's axes. */
    private static INDArray channelsFirst(INDArray alpha, Flow in) {
        int rank = alpha.rank();
        if (!in.channelsLast() || rank < 2) {
            return alpha;
        }
        int[] order = IntStream.range(-1, rank - 1).toArray();
        order[0] = rank - 1;
        return alpha.permute(order);
    }

    private static long[] shapeOf(TensorType x) {
        return x.shape().stream().mapToLong(Integer::longValue).toArray();
    }
}
