package io.github.dl4jqat.layers;

import io.github.dl4jqat.layers.CombinedInput.Kind;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.TimeSeriesUtils;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * How the two outputs of a bidirectional layer become one, and its gradient two: sequences in
 * either layout, or single time steps {@code [batch, n]}. Stateless.
 */
final class TwoSequences {

    private final Bidirectional.Mode mode;
    private final RNNFormat format;

    TwoSequences(Bidirectional pair) {
        mode = pair.getMode();
        format = pair.getRNNDataFormat();
    }

    /** A sequence from its end; single time steps as they are. */
    INDArray reversed(INDArray x, ArrayType type, LayerWorkspaceMgr mgr) {
        return x.rank() < 3 ? x : TimeSeriesUtils.reverseTimeSeries(x, mgr, type, format);
    }

    private int channelAxis(INDArray x) {
        return x.rank() == 3 && format == RNNFormat.NWC ? 2 : 1;
    }

    /** Both in one, in an array of its own. */
    INDArray combined(INDArray a, INDArray b, LayerWorkspaceMgr mgr) {
        return switch (mode) {
            case ADD -> mgr.dup(ArrayType.ACTIVATIONS, a, 'c').addi(b);
            case AVERAGE -> mgr.dup(ArrayType.ACTIVATIONS, a, 'c').addi(b).muli(0.5);
            case MUL -> mgr.dup(ArrayType.ACTIVATIONS, a, 'c').muli(b);
            case CONCAT -> mgr.leverageTo(ArrayType.ACTIVATIONS, Nd4j.concat(channelAxis(a), a, b));
        };
    }

    /**
     * What both give together, requantized as the integer model does it.
     *
     * @param both what {@link #combined} gives
     * @param layers the two that gave it
     * @param output the grid of the result
     * @return null if a grid is not known yet, or {@code both} is not made of these grids
     */
    INDArray exact(
            INDArray both,
            List<QuantizedRecurrentLayer> layers,
            QuantParams output,
            Requantization requantization) {
        QuantParams a = layers.get(0).outputParams();
        QuantParams b = layers.get(1).outputParams();
        if (a == null || b == null || output == null) {
            return null;
        }
        Kind kind =
                switch (mode) {
                    case MUL -> Kind.PRODUCT;
                    case AVERAGE -> Kind.AVERAGE;
                    default -> Kind.SUM;
                };
        return CombinedExact.apply(
                both,
                new CombinedInput(kind, List.of("forward", "backward")),
                List.of(a, b),
                output,
                new ActivationIdentity(),
                requantization);
    }

    /**
     * What of the gradient of both is that of one of them.
     *
     * @param other what the other one gave; needed only for a product
     */
    INDArray share(INDArray delta, boolean ofFirst, INDArray other) {
        return switch (mode) {
            case ADD -> delta;
            case AVERAGE -> delta.mul(0.5);
            case MUL -> delta.mul(other);
            case CONCAT -> half(delta, ofFirst);
        };
    }

    private INDArray half(INDArray delta, boolean first) {
        int axis = channelAxis(delta);
        long half = delta.size(axis) / 2;
        var channels = NDArrayIndex.interval(first ? 0 : half, first ? half : 2 * half);
        var all = NDArrayIndex.all();
        // A view of a view may come out wrong.
        INDArray whole = delta.dup('c');
        if (delta.rank() == 2) {
            return whole.get(all, channels).dup('c');
        }
        return (axis == 2 ? whole.get(all, all, channels) : whole.get(all, channels, all)).dup('c');
    }
}
