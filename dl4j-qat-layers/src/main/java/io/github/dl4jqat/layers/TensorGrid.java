package io.github.dl4jqat.layers;

import io.github.dl4jqat.layers.CombinedInput.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PoolHelperVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;

/**
 * On which grid the values of a tensor lie: that of one layer's quantizer, or what a vertex makes
 * of several. Immutable.
 *
 * @param source the layer whose quantizer put the tensor on its grid; null if it is combined
 * @param combined what the tensor is made of; null if it has a source
 */
public record TensorGrid(String source, CombinedInput combined) {

    /** The grid of a layer's output. */
    public static TensorGrid of(String layer) {
        return new TensorGrid(layer, null);
    }

    /** Whether a vertex needs all its inputs on one grid: it adds, compares or concatenates. */
    public static boolean wantsOneGrid(GraphVertex vertex) {
        return vertex instanceof MergeVertex
                || (vertex instanceof ElementWiseVertex elementWise
                        && elementWise.getOp() != ElementWiseVertex.Op.Product);
    }

    /** Whether a vertex has a form on integers, be its inputs on the right grids. */
    public static boolean hasIntegerForm(GraphVertex vertex) {
        return wantsOneGrid(vertex) || vertex instanceof ElementWiseVertex || moves(vertex);
    }

    /** Whether a vertex moves or picks the values of one input. */
    private static boolean moves(GraphVertex vertex) {
        return vertex instanceof SubsetVertex
                || vertex instanceof ReshapeVertex
                || vertex instanceof PoolHelperVertex
                || vertex instanceof DuplicateToTimeSeriesVertex
                || vertex instanceof LastTimeStepVertex
                || vertex instanceof ReverseTimeSeriesVertex
                || (vertex instanceof PreprocessorVertex preprocessor
                        && PassThrough.keepsGrid(preprocessor.getPreProcessor()));
    }

    /**
     * The grid of what a vertex gives, or null if that is float.
     *
     * @param inputs the grids of its inputs; those that are float are null
     */
    public static TensorGrid behind(GraphVertex vertex, List<TensorGrid> inputs) {
        List<String> sources = new ArrayList<>();
        for (TensorGrid input : inputs) {
            if (input == null || input.combined() != null) {
                return null;
            }
            sources.add(input.source());
        }
        if (moves(vertex) || vertex instanceof MergeVertex) {
            return inputs.get(0);
        }
        if (!(vertex instanceof ElementWiseVertex elementWise)) {
            return null;
        }
        if (sources.size() < 2) {
            return inputs.get(0);
        }
        return switch (elementWise.getOp()) {
            case Max -> inputs.get(0);
            case Add, Subtract -> combined(Kind.SUM, sources);
            case Average -> combined(Kind.AVERAGE, sources);
            // More than two factors would not fit into an accumulator.
            case Product -> sources.size() == 2 ? combined(Kind.PRODUCT, sources) : null;
        };
    }

    private static TensorGrid combined(Kind kind, List<String> sources) {
        return new TensorGrid(null, new CombinedInput(kind, Collections.unmodifiableList(sources)));
    }
}
