package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.IntegerForms.VertexForm;
import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.Concat;
import io.github.dl4jqat.integer.Reverse;
import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Upsample;
import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.OneGrid;
import io.github.dl4jqat.layers.TensorGrid;
import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.PoolHelperVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.ReshapeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The vertices of a graph. */
final class VertexForms {

    private VertexForms() {}

    static Map<Class<? extends GraphVertex>, VertexForm> all() {
        Map<Class<? extends GraphVertex>, VertexForm> forms = new LinkedHashMap<>();
        forms.put(ElementWiseVertex.class, VertexForms::elementWise);
        forms.put(MergeVertex.class, VertexForms::merge);
        forms.put(ScaleVertex.class, VertexForms::scale);
        forms.put(ShiftVertex.class, VertexForms::shift);
        forms.put(L2NormalizeVertex.class, IslandForms::normalize);
        forms.put(AttentionVertex.class, AttentionForms::vertex);
        forms.put(SubsetVertex.class, VertexForms::subset);
        forms.put(PoolHelperVertex.class, VertexForms::poolHelper);
        forms.put(ReshapeVertex.class, VertexForms::reshape);
        forms.put(PreprocessorVertex.class, VertexForms::preprocessor);
        forms.put(DuplicateToTimeSeriesVertex.class, VertexForms::duplicate);
        forms.put(LastTimeStepVertex.class, VertexForms::lastTimeStep);
        forms.put(ReverseTimeSeriesVertex.class, VertexForms::reverse);
        return forms;
    }

    private static Flow elementWise(Node node, List<Flow> in, Conversion c) {
        ElementWiseVertex.Op op = ((ElementWiseVertex) node.vertex()).getOp();
        List<TensorType> tensors = integers(node, in);
        if (tensors.size() < 2) {
            return in.get(0);
        }
        requireOneRank(tensors);
        if (op != ElementWiseVertex.Op.Product) {
            requireOneGrid(node, tensors, c);
        } else if (tensors.size() > 2) {
            throw new IllegalArgumentException(
                    "it multiplies "
                            + tensors.size()
                            + " tensors, an integer model two at a time; put several Product"
                            + " vertices in a row");
        }
        boolean last = in.get(0).channelsLast();
        if (op == ElementWiseVertex.Op.Max) {
            TensorType x = tensors.get(0);
            TensorType y =
                    new TensorType(
                            c.draft().unique(node.name()), ElementForms.shape(tensors), x.params());
            c.draft().add(Combine.max(node.name(), tensors, y));
            return Flow.of(y, last);
        }
        Combine.Kind kind =
                switch (op) {
                    case Add -> Combine.Kind.SUM;
                    case Subtract -> Combine.Kind.SUBTRACT;
                    case Average -> Combine.Kind.AVERAGE;
                    default -> Combine.Kind.PRODUCT;
                };
        return Flow.of(new Flow.Parts(kind, tensors, null), last);
    }

    private static Flow merge(Node node, List<Flow> in, Conversion c) {
        List<TensorType> tensors = integers(node, in);
        if (tensors.size() == 1) {
            return in.get(0);
        }
        requireOneGrid(node, tensors, c);
        boolean last = in.get(0).channelsLast();
        TensorType first = tensors.get(0);
        int mergeAxis = ((MergeVertex) node.vertex()).getMergeAxis();
        int axis = first.rank() == 1 ? 0 : axis(mergeAxis, first.rank(), last);
        List<Integer> shape = new ArrayList<>(first.shape());
        int size = 0;
        for (TensorType t : tensors) {
            size += t.size(axis);
        }
        shape.set(axis, size);
        TensorType y = new TensorType(c.draft().unique(node.name()), shape, first.params());
        c.draft().add(new Concat(node.name(), tensors, y, axis));
        return Flow.of(y, last);
    }

    /** An axis of DL4J's array, which counts the batch, in the integer model's tensor. */
    private static int axis(int axis, int rank, boolean channelsLast) {
        int ofExample = (axis < 0 ? axis + rank + 1 : axis) - 1;
        if (!channelsLast) {
            return ofExample;
        }
        return ofExample == rank - 1 ? 0 : ofExample + 1;
    }

    private static Flow scale(Node node, List<Flow> in, Conversion c) {
        double factor = ((ScaleVertex) node.vertex()).getScaleFactor();
        return function(node, in, x -> x.mul(factor));
    }

    private static Flow shift(Node node, List<Flow> in, Conversion c) {
        double summand = ((ShiftVertex) node.vertex()).getShiftFactor();
        return function(node, in, x -> x.add(summand));
    }

    /** The vertex's own arithmetic, done once for each integer that there is. */
    private static Flow function(Node node, List<Flow> in, UnaryOperator<INDArray> f) {
        TensorType x = integers(node, in).get(0);
        QuantParams p = x.params();
        float[] values = new float[p.spec().qMax() - p.spec().qMin() + 1];
        for (int i = 0; i < values.length; i++) {
            values[i] = p.dequantize(p.spec().qMin() + i, 0);
        }
        List<Float> results = new ArrayList<>();
        for (float y : f.apply(Nd4j.createFromArray(values)).dup('c').data().asFloat()) {
            results.add(y);
        }
        return Flow.of(new Flow.Parts(null, List.of(x), results), in.get(0).channelsLast());
    }

    private static Flow subset(Node node, List<Flow> in, Conversion c) {
        SubsetVertex conf = (SubsetVertex) node.vertex();
        TensorType x = integers(node, in).get(0);
        // DL4J cuts its array's axis 1, wherever the channels are.
        int axis = axis(1, x.rank(), in.get(0).channelsLast());
        return slice(node, in, axis, conf.getFrom(), conf.getTo() - conf.getFrom() + 1, c);
    }

    private static Flow slice(
            Node node, List<Flow> in, int axis, int from, int size, Conversion c) {
        TensorType x = integers(node, in).get(0);
        List<Integer> begin = new ArrayList<>(Collections.nCopies(x.rank(), 0));
        List<Integer> shape = new ArrayList<>(x.shape());
        begin.set(axis, from);
        shape.set(axis, size);
        TensorType y = new TensorType(c.draft().unique(node.name()), shape, x.params());
        c.draft().add(new Slice(node.name(), x, y, begin));
        return Flow.of(y, in.get(0).channelsLast());
    }

    /** Drops the first row and the first column. */
    private static Flow poolHelper(Node node, List<Flow> in, Conversion c) {
        TensorType x = integers(node, in).get(0);
        TensorType y =
                new TensorType(
                        c.draft().unique(node.name()),
                        List.of(x.size(0), x.size(1) - 1, x.size(2) - 1),
                        x.params());
        c.draft().add(new Slice(node.name(), x, y, List.of(0, 1, 1)));
        return Flow.of(y, in.get(0).channelsLast());
    }

    private static Flow reshape(Node node, List<Flow> in, Conversion c) {
        ReshapeVertex conf = (ReshapeVertex) node.vertex();
        if (conf.getReshapeOrder() != 'c' || in.get(0).channelsLast()) {
            throw new IllegalArgumentException(
                    "it reshapes "
                            + (in.get(0).channelsLast()
                                    ? "an image with its channels last"
                                    : "in order '" + conf.getReshapeOrder() + "'")
                            + "; the integer model keeps its numbers channels first and row by"
                            + " row. Use NCHW and order 'c'");
        }
        TensorType x = integers(node, in).get(0);
        int[] wanted = conf.getNewShape();
        List<Integer> shape = new ArrayList<>();
        int known = 1;
        for (int i = 1; i < wanted.length; i++) {
            known *= wanted[i] < 0 ? 1 : wanted[i];
        }
        for (int i = 1; i < wanted.length; i++) {
            shape.add(wanted[i] < 0 ? x.elements() / known : wanted[i]);
        }
        return Flow.of(c.draft().reshape(x, shape, node.name()), false);
    }

    private static Flow preprocessor(Node node, List<Flow> in, Conversion c) {
        return PreProcessors.apply(
                ((PreprocessorVertex) node.vertex()).getPreProcessor(), node, in.get(0), c);
    }

    /** A vector at each step of a sequence that is as long as one of the network's inputs. */
    private static Flow duplicate(Node node, List<Flow> in, Conversion c) {
        TensorType x = integers(node, in).get(0);
        String series = ((DuplicateToTimeSeriesVertex) node.vertex()).getInputName();
        List<Integer> shape = c.inputShape(series);
        if (shape == null || shape.size() != 2 || x.rank() != 1) {
            throw new IllegalArgumentException(
                    "it repeats "
                            + x
                            + " for each step of input '"
                            + series
                            + "', whose shape is "
                            + (shape == null
                                    ? "not known; put a FakeQuantLayer behind that input"
                                    : shape + "; it should be [features, steps]"));
        }
        TensorType column = c.draft().reshape(x, List.of(x.size(0), 1), node.name());
        TensorType y =
                new TensorType(
                        c.draft().unique(node.name()),
                        List.of(x.size(0), shape.get(1)),
                        x.params());
        c.draft().add(new Upsample(node.name(), column, y, List.of(1, shape.get(1))));
        return Flow.of(y, false);
    }

    private static Flow lastTimeStep(Node node, List<Flow> in, Conversion c) {
        TensorType x = integers(node, in).get(0);
        Flow last = slice(node, in, 1, x.size(1) - 1, 1, c);
        TensorType y = c.draft().reshape(last.tensor(), List.of(x.size(0)), node.name());
        return Flow.of(y, false);
    }

    private static Flow reverse(Node node, List<Flow> in, Conversion c) {
        TensorType x = integers(node, in).get(0);
        TensorType y = new TensorType(c.draft().unique(node.name()), x.shape(), x.params());
        c.draft().add(new Reverse(node.name(), x, y, 1));
        return Flow.of(y, in.get(0).channelsLast());
    }

    private static List<TensorType> integers(Node node, List<Flow> in) {
        List<TensorType> tensors = new ArrayList<>();
        for (Flow flow : in) {
            if (!flow.isInteger()) {
                String input = node.inputs().get(tensors.size());
                throw new IllegalArgumentException(
                        "its input '"
                                + input
                                + "' is not quantized; put a FakeQuantLayer behind '"
                                + input
                                + "'");
            }
            if (flow.channelsLast() != in.get(0).channelsLast() && flow.tensor().rank() > 1) {
                throw new IllegalArgumentException(
                        "its inputs have their channels in different places; use one data format");
            }
            tensors.add(flow.tensor());
        }
        return tensors;
    }

    private static void requireOneRank(List<TensorType> tensors) {
        for (TensorType t : tensors) {
            if (t.rank() != tensors.get(0).rank()) {
                throw new IllegalArgumentException(
                        "its inputs "
                                + tensors.get(0)
                                + " and "
                                + t
                                + " have different ranks, so that examples would be mixed; bring"
                                + " them to one rank with a ReshapeVertex");
            }
        }
    }

    private static void requireOneGrid(Node node, List<TensorType> tensors, Conversion c) {
        for (TensorType t : tensors) {
            if (!t.params().equals(tensors.get(0).params())) {
                Map<String, TensorGrid> grids = InputLinks.grids(c.network());
                List<String> sources = new ArrayList<>();
                node.inputs().stream()
                        .map(grids::get)
                        .filter(Objects::nonNull)
                        .map(TensorGrid::source)
                        .filter(Objects::nonNull)
                        .forEach(sources::add);
                throw new IllegalArgumentException(
                        "its inputs "
                                + tensors.get(0)
                                + " and "
                                + t
                                + " lie on different grids: "
                                + OneGrid.reason(c.network(), sources));
            }
        }
    }
}
