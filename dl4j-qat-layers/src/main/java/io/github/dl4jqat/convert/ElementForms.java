package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.Lookup;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.ActivationTable;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;

/** Functions of single numbers, by tables, and the layers that put a vertex's numbers on a grid. */
final class ElementForms {

    private static final long LARGEST_PRODUCT = 1L << 20;

    private ElementForms() {}

    static Flow activation(Node node, Flow in, Conversion c) {
        return element(node, in, ((ActivationLayer) node.layer()).getActivationFn(), c);
    }

    static Flow fakeQuant(Node node, Flow in, Conversion c) {
        return element(node, in, new ActivationIdentity(), c);
    }

    private static Flow element(Node node, Flow in, IActivation f, Conversion c) {
        QuantParams out = ((QuantizedLayer) node.running()).outputParams();
        if (in.parts() == null) {
            return Flow.of(c.lookup(node, in.tensor(), f, out), in.channelsLast());
        }
        TensorType y =
                in.parts().kind() == null
                        ? function(node, in.parts(), f, out, c)
                        : combination(node, in.parts(), f, out, c);
        return Flow.of(y, in.channelsLast());
    }

    private static TensorType function(
            Node node, Flow.Parts parts, IActivation f, QuantParams out, Conversion c) {
        if (!(f instanceof ActivationIdentity)) {
            throw new IllegalArgumentException(
                    "it applies "
                            + f
                            + " to what a vertex computes and nobody has quantized; put a"
                            + " FakeQuantLayer between them");
        }
        TensorType x = parts.tensors().get(0);
        int[] table = new int[parts.values().size()];
        for (int i = 0; i < table.length; i++) {
            table[i] = out.quantize(parts.values().get(i), 0);
        }
        TensorType y = new TensorType(c.draft().unique(node.name()), x.shape(), out);
        c.draft().add(new Lookup(node.name(), x, y, table));
        return y;
    }

    private static TensorType combination(
            Node node, Flow.Parts parts, IActivation f, QuantParams out, Conversion c) {
        if (!ActivationTable.isClamp(f) || out.spec().symmetry() == Symmetry.MID_RISE) {
            throw new IllegalArgumentException(
                    "it applies "
                            + f
                            + " with an output of "
                            + out.spec().typeName()
                            + " to a sum that nobody has quantized; put a FakeQuantLayer between"
                            + " the vertex and it");
        }
        if (parts.kind() == Combine.Kind.PRODUCT) {
            requireReadableProduct(node, parts.tensors());
        }
        QuantizedLayer layer = (QuantizedLayer) node.running();
        c.draft().requireMode(layer.quantization().requantization());
        TensorType y = new TensorType(c.draft().unique(node.name()), shape(parts.tensors()), out);
        c.draft()
                .add(
                        new Combine(
                                node.name(),
                                parts.tensors(),
                                y,
                                parts.kind(),
                                c.draft().mode(),
                                ActivationTable.lowest(f, out),
                                ActivationTable.highest(f, out)));
        return y;
    }

    /**
     * Evaluation reads the product of two integers off the float that the vertex gives, which is
     * certain below 2^20: three roundings, each of half of 2^-23, are less than a quarter of a
     * step.
     */
    private static void requireReadableProduct(Node node, List<TensorType> factors) {
        boolean floats = node.running().params().dataType() == DataType.FLOAT;
        long largest = 1;
        for (TensorType factor : factors) {
            QuantParams p = factor.params();
            largest *= Math.max(Math.abs(p.lowestStep()), Math.abs(p.highestStep()));
        }
        if (floats && largest > LARGEST_PRODUCT) {
            throw new IllegalArgumentException(
                    "it rounds the product of "
                            + factors.get(0)
                            + " and "
                            + factors.get(1)
                            + ", which a FLOAT network does not hold exactly; use 10 bits or fewer"
                            + " for them, or a network of type DOUBLE");
        }
    }

    /** The shape of what is combined: an axis of size 1 is repeated. */
    static List<Integer> shape(List<TensorType> tensors) {
        List<Integer> shape = new ArrayList<>(tensors.get(0).shape());
        for (TensorType t : tensors) {
            for (int axis = 0; axis < Math.min(shape.size(), t.rank()); axis++) {
                shape.set(axis, Math.max(shape.get(axis), t.size(axis)));
            }
        }
        return shape;
    }
}
