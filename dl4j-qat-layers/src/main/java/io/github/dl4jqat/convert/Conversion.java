package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.Lookup;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

/**
 * What the forms of all layers share while one network is converted: the model in the making, and
 * the pieces that several kinds of layers end in. Reads scales and integers off the layers;
 * computes none.
 *
 * @param network what is converted
 * @param draft the model
 * @param shapes what the model's inputs shall look like, where not as in training
 */
record Conversion(NetworkView network, ModelDraft draft, InputShapes shapes) {

    /** An operation that is still to be told its output, bounds and mode. */
    interface Accumulating {
        void add(TensorType output, int low, int high, Requantization mode);
    }

    /** A linear op and its activation: bounds of the requantization, or a table after it. */
    TensorType activated(Node node, IActivation f, List<Integer> shape, Accumulating linear) {
        return activatedAs(node, f, shape, shape, linear);
    }

    /**
     * The same for an op that computes in another shape than the layer has.
     *
     * @param inner the shape in which it computes
     * @param shape that of the layer's output
     */
    TensorType activatedAs(
            Node node,
            IActivation f,
            List<Integer> inner,
            List<Integer> shape,
            Accumulating linear) {
        QuantizedLayer layer = (QuantizedLayer) node.running();
        Requantization mode = layer.quantization().requantization();
        draft.requireMode(mode);
        QuantParams out = layer.outputParams();
        boolean reshaped = !inner.equals(shape);
        if (!ActivationTable.isNeeded(f, out.spec())) {
            String name = reshaped ? node.name() + ":inner" : node.name();
            TensorType output = new TensorType(draft.unique(name), inner, out);
            int low = f == null ? out.spec().qMin() : ActivationTable.lowest(f, out);
            int high = f == null ? out.spec().qMax() : ActivationTable.highest(f, out);
            linear.add(output, low, high, mode);
            return reshaped ? draft.result(output, shape, node.name()) : output;
        }
        QuantParams pre = layer.preActivationParams();
        TensorType z = new TensorType(draft.unique(node.name() + ":pre"), inner, pre);
        linear.add(z, pre.spec().qMin(), pre.spec().qMax(), mode);
        TensorType before = reshaped ? draft.reshape(z, shape, node.name() + ":pre") : z;
        return lookup(node, before, f == null ? new ActivationIdentity() : f, out);
    }

    /** An elementwise function on integers. */
    TensorType lookup(Node node, TensorType input, IActivation f, QuantParams out) {
        TensorType output = new TensorType(draft.unique(node.name()), input.shape(), out);
        draft.add(
                new Lookup(
                        node.name(), input, output, ActivationTable.table(f, input.params(), out)));
        return output;
    }

    /** Integers on one grid brought to another one. */
    TensorType requantized(Node node, TensorType input, QuantParams params) {
        TensorType output =
                new TensorType(draft.unique(node.name() + ":in"), input.shape(), params);
        int[] table = ActivationTable.table(new ActivationIdentity(), input.params(), params);
        draft.add(new Lookup(node.name(), input, output, table));
        return output;
    }

    /** The end of the network: floats, under the output node's name with a suffix. */
    TensorType end(Node node, TensorType input, IActivation f) {
        boolean softmax = f instanceof ActivationSoftmax;
        TensorType floats =
                new TensorType(draft.unique(node.name() + ":float"), input.shape(), null);
        if (f == null || softmax) {
            draft.add(Dequantize.linear(node.name(), input, floats, softmax));
        } else {
            draft.add(
                    new Dequantize(
                            node.name(),
                            input,
                            floats,
                            ActivationTable.values(f, input.params()),
                            false));
        }
        draft.output(node.name(), floats.name());
        return floats;
    }

    /** The shape of an example of a network input; null as long as nothing has noted it. */
    List<Integer> inputShape(String input) {
        TensorType floats = draft.input(input);
        if (floats != null) {
            return floats.shape();
        }
        List<Integer> wanted = shapes.of(input, null, null);
        if (wanted != null) {
            return wanted;
        }
        for (Node reader : network.consumers(input)) {
            if (reader.preProcessor() == null && reader.running() instanceof QuantizedLayer) {
                List<Integer> noted = notedShape(reader);
                if (noted != null) {
                    return noted;
                }
            }
        }
        return null;
    }

    /**
     * The shape that a quantized layer has noted of its input; null if there is none, or if
     * Deeplearning4j has taken the time away before the layer saw it.
     */
    static List<Integer> notedShape(Node node) {
        return node.isWrappedIn(TimeDistributed.class)
                ? null
                : ((QuantizedLayer) node.running()).quantization().inputShape();
    }

    /** A layer with weights, if its integers fit what comes in. */
    static QuantizedWeightLayer weighted(Node node, TensorType input) {
        QuantizedWeightLayer layer = (QuantizedWeightLayer) node.running();
        boolean sizedByFirstAxis =
                node.layer() instanceof ConvolutionLayer || node.layer() instanceof DenseLayer;
        if (sizedByFirstAxis && ((FeedForwardLayer) node.layer()).getNIn() != input.size(0)) {
            throw new IllegalArgumentException(
                    "it has weights for "
                            + ((FeedForwardLayer) node.layer()).getNIn()
                            + " inputs, and reads "
                            + input);
        }
        if (layer.inputParams() != null && !layer.inputParams().equals(input.params())) {
            throw new IllegalArgumentException(
                    "it computes its bias for an input of "
                            + layer.inputParams()
                            + ", but gets one of "
                            + input.params()
                            + "; name the layer that quantizes its input with inputFrom");
        }
        if (layer.quantization().weight() != null
                && layer.quantization().weight().spec().granularity().kind()
                        == Granularity.Kind.PER_GROUP) {
            throw new IllegalArgumentException(
                    "its weights have a scale for each group, which one int32 accumulator cannot"
                            + " hold; use Quantizers.intPerChannel(bits)");
        }
        return layer;
    }
}
