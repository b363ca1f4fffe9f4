package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Recurrent;
import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedRecurrentLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer.IntegerWeights;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.nd4j.linalg.activations.IActivation;

/** Layers that work on sequences {@code [features, time]}. */
final class SequenceForms {

    private static final int SEQUENCE_RANK = 2;

    private SequenceForms() {}

    /** A recurrent layer, and the last step of what it gives where that is all that counts. */
    static Flow recurrent(Node node, Flow in, Conversion c) {
        if (node.isWrappedIn(MaskZeroLayer.class)) {
            throw new IllegalArgumentException(
                    "it masks time steps by their values, which integers cannot tell apart from"
                            + " those nearby; take it out of its MaskZeroLayer");
        }
        TensorType x = in.tensor();
        requireSequence(x);
        RecurrentCell cell = ((QuantizedRecurrentLayer) node.running()).integerCell();
        if (!cell.input().equals(x.params())) {
            throw new IllegalArgumentException(
                    "it computes its bias for an input of "
                            + cell.input()
                            + ", but gets one of "
                            + x.params()
                            + "; name the layer that quantizes its input with inputFrom");
        }
        c.draft().requireMode(cell.mode());
        boolean last = node.isWrappedIn(LastTimeStep.class);
        int steps = x.size(1);
        TensorType sequence =
                new TensorType(
                        c.draft().unique(last ? node.name() + ":sequence" : node.name()),
                        List.of(cell.units(), steps),
                        cell.output());
        c.draft().add(new Recurrent(node.name(), x, sequence, cell));
        if (!last) {
            return Flow.of(sequence, in.channelsLast());
        }
        TensorType step =
                new TensorType(
                        c.draft().unique(node.name() + ":last"),
                        List.of(cell.units(), 1),
                        cell.output());
        c.draft().add(new Slice(node.name(), sequence, step, List.of(0, steps - 1)));
        return Flow.of(c.draft().result(step, List.of(cell.units()), node.name()), false);
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
