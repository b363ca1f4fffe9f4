package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.Concat;
import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Recurrent;
import io.github.dl4jqat.integer.Reverse;
import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedBidirectionalLayer;
import io.github.dl4jqat.layers.QuantizedRecurrentLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import io.github.dl4jqat.quant.QuantParams;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.nd4j.linalg.activations.IActivation;

/** Layers that work on sequences {@code [features, time]}. */
final class SequenceForms {

    private static final int SEQUENCE_RANK = 2;

    private SequenceForms() {}

    /** A recurrent layer, and the last step of what it gives where that is all that counts. */
    static Flow recurrent(Node node, Flow in, Conversion c) {
        requireNoMask(node);
        boolean last = node.isWrappedIn(LastTimeStep.class);
        TensorType y =
                cell(
                        node,
                        in.tensor(),
                        (QuantizedRecurrentLayer) node.running(),
                        last ? node.name() + ":sequence" : node.name(),
                        c);
        return last ? lastStep(node, y, c) : Flow.of(y, in.channelsLast());
    }

    /** Two recurrent layers, one of them between two reversals. */
    static Flow bidirectional(Node node, Flow in, Conversion c) {
        requireNoMask(node);
        QuantizedBidirectionalLayer layer = (QuantizedBidirectionalLayer) node.running();
        String name = node.name();
        TensorType x = in.tensor();
        TensorType there = cell(node, x, layer.forward(), name + ":forward", c);
        TensorType turned = reversed(node, x, name + ":turned", c);
        TensorType back = cell(node, turned, layer.backward(), name + ":backward", c);
        if (node.layer() instanceof Bidirectional pair && pair.getFwd() instanceof LastTimeStep) {
            // The last step of each in its own direction.
            List<TensorType> ends = List.of(end(node, there, c), end(node, back, c));
            TensorType both = both(node, layer, ends, name + ":both", c);
            return Flow.of(vector(node, both, c), false);
        }
        List<TensorType> parts = List.of(there, reversed(node, back, name + ":again", c));
        boolean last = node.isWrappedIn(LastTimeStep.class);
        TensorType y = both(node, layer, parts, last ? name + ":sequence" : name, c);
        return last ? lastStep(node, y, c) : Flow.of(y, in.channelsLast());
    }

    private static TensorType both(
            Node node,
            QuantizedBidirectionalLayer layer,
            List<TensorType> parts,
            String name,
            Conversion c) {
        int units = parts.get(0).size(0);
        int steps = parts.get(0).size(1);
        String unique = c.draft().unique(name);
        if (layer.mode() == Bidirectional.Mode.CONCAT) {
            TensorType y = new TensorType(unique, List.of(2 * units, steps), parts.get(0).params());
            c.draft().add(new Concat(node.name(), parts, y, 0));
            return y;
        }
        Combine.Kind kind =
                switch (layer.mode()) {
                    case MUL -> Combine.Kind.PRODUCT;
                    case AVERAGE -> Combine.Kind.AVERAGE;
                    default -> Combine.Kind.SUM;
                };
        QuantParams out = layer.outputParams();
        TensorType y = new TensorType(unique, parts.get(0).shape(), out);
        c.draft()
                .add(
                        new Combine(
                                node.name(),
                                parts,
                                y,
                                kind,
                                layer.quantization().requantization(),
                                out.spec().qMin(),
                                out.spec().qMax()));
        return y;
    }

    private static void requireNoMask(Node node) {
        if (node.isWrappedIn(MaskZeroLayer.class)) {
            throw new IllegalArgumentException(
                    "it masks time steps by their values, which integers cannot tell apart from"
                            + " those nearby; take it out of its MaskZeroLayer");
        }
    }

    private static TensorType cell(
            Node node, TensorType x, QuantizedRecurrentLayer layer, String name, Conversion c) {
        requireSequence(x);
        RecurrentCell cell = layer.integerCell();
        if (!cell.input().equals(x.params())) {
            throw new IllegalArgumentException(
                    "it computes its bias for an input of "
                            + cell.input()
                            + ", but gets one of "
                            + x.params()
                            + "; name the layer that quantizes its input with inputFrom");
        }
        c.draft().requireMode(cell.mode());
        TensorType y =
                new TensorType(
                        c.draft().unique(name), List.of(cell.units(), x.size(1)), cell.output());
        c.draft().add(new Recurrent(node.name(), x, y, cell));
        return y;
    }

    private static TensorType reversed(Node node, TensorType x, String name, Conversion c) {
        TensorType y = new TensorType(c.draft().unique(name), x.shape(), x.params());
        c.draft().add(new Reverse(node.name(), x, y, 1));
        return y;
    }

    private static Flow lastStep(Node node, TensorType sequence, Conversion c) {
        return Flow.of(vector(node, end(node, sequence, c), c), false);
    }

    /** The last time step of a sequence, as a sequence of one. */
    private static TensorType end(Node node, TensorType sequence, Conversion c) {
        TensorType step =
                new TensorType(
                        c.draft().unique(sequence.name() + ":last"),
                        List.of(sequence.size(0), 1),
                        sequence.params());
        c.draft().add(new Slice(node.name(), sequence, step, List.of(0, sequence.size(1) - 1)));
        return step;
    }

    /** A sequence of one time step as a vector, which bears the node's name. */
    private static TensorType vector(Node node, TensorType step, Conversion c) {
        return c.draft().result(step, List.of(step.size(0)), node.name());
    }

    /** The output layer of each time step. */
    static Flow output(Node node, Flow in, Conversion c) {
        requireSequence(in.tensor());
        TensorType logits = product(node, in.tensor(), null, c);
        c.end(node, logits, LinearForms.function(node));
        return Flow.of(logits, in.channelsLast());
    }

    /** A matrix product at each time step: a convolution of one pixel. */
    static TensorType product(Node node, TensorType x, IActivation f, Conversion c) {
        IntegerWeights integers = Conversion.weighted(node, x).integerWeights();
        int outputs = integers.channels();
        int steps = x.size(1);
        Weights weights =
                Weights.of(
                        integers.params(),
                        List.of(outputs, x.size(0), 1, 1),
                        integers.values(),
                        integers.bias());
        TensorType image = c.draft().reshape(x, List.of(x.size(0), 1, steps), node.name());
        return c.activatedAs(
                node,
                f,
                List.of(outputs, 1, steps),
                List.of(outputs, steps),
                (y, low, high, mode) ->
                        c.draft()
                                .add(
                                        new Conv2d(
                                                node.name(),
                                                image,
                                                y,
                                                weights,
                                                Window2d.of(1, 1),
                                                1,
                                                mode,
                                                low,
                                                high)));
    }

    /** Whether a tensor is a sequence. */
    static boolean isSequence(TensorType x) {
        return x.rank() == SEQUENCE_RANK;
    }

    private static void requireSequence(TensorType x) {
        if (!isSequence(x)) {
            throw new IllegalArgumentException(
                    "it reads "
                            + x
                            + ", but a recurrent layer reads [features, time]; is a preprocessor"
                            + " missing?");
        }
    }
}
