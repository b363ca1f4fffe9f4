package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.IntegerForms.LayerForm;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.FloatSoftmax;
import io.github.dl4jqat.integer.GlobalPNormPool;
import io.github.dl4jqat.integer.L2Normalize;
import io.github.dl4jqat.integer.LocalResponseNorm;
import io.github.dl4jqat.integer.PNormPool2d;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantGlobalPoolingLayer;
import io.github.dl4jqat.layers.QuantSubsamplingLayer;
import io.github.dl4jqat.layers.QuantizedLayer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;

/**
 * The stock layers and vertices that compute in float, in the integer model too: dequantized before
 * them, quantized by the next quantized layer behind them.
 */
final class IslandForms {

    private static final Map<Class<? extends Layer>, LayerForm> LAYERS = layers();

    private IslandForms() {}

    /** Whether a layer computes in float within the integer model. */
    static boolean isIsland(Layer layer) {
        if (layer instanceof ActivationLayer activation) {
            return layer.getClass() == ActivationLayer.class
                    && activation.getActivationFn() instanceof ActivationSoftmax;
        }
        if (layer instanceof SubsamplingLayer windows) {
            return windows.getPoolingType() == PoolingType.PNORM
                    && LAYERS.containsKey(layer.getClass());
        }
        if (layer instanceof GlobalPoolingLayer all) {
            return all.getPoolingType() == PoolingType.PNORM;
        }
        return LAYERS.containsKey(layer.getClass());
    }

    static Flow apply(Node node, Flow in, Conversion c) {
        return LAYERS.get(node.layer().getClass()).apply(node, in, c);
    }

    private static Map<Class<? extends Layer>, LayerForm> layers() {
        Map<Class<? extends Layer>, LayerForm> forms = new LinkedHashMap<>();
        forms.put(LocalResponseNormalization.class, IslandForms::localResponse);
        forms.put(ActivationLayer.class, IslandForms::softmax);
        forms.put(SelfAttentionLayer.class, AttentionForms::self);
        forms.put(SubsamplingLayer.class, IslandForms::pNorm);
        forms.put(QuantSubsamplingLayer.class, IslandForms::pNorm);
        forms.put(GlobalPoolingLayer.class, IslandForms::globalPNorm);
        forms.put(QuantGlobalPoolingLayer.class, IslandForms::globalPNorm);
        return forms;
    }

    private static Flow localResponse(Node node, Flow in, Conversion c) {
        LocalResponseNormalization conf = (LocalResponseNormalization) node.layer();
        TensorType x = floats(node, in, c);
        TensorType y = output(node, x.shape(), c);
        c.draft()
                .add(
                        new LocalResponseNorm(
                                node.name(),
                                x,
                                y,
                                conf.getK(),
                                (int) conf.getN(),
                                conf.getAlpha(),
                                conf.getBeta()));
        return Flow.of(y, in.channelsLast());
    }

    private static Flow softmax(Node node, Flow in, Conversion c) {
        TensorType x = floats(node, in, c);
        TensorType y = output(node, x.shape(), c);
        c.draft().add(new FloatSoftmax(node.name(), x, y));
        return Flow.of(y, in.channelsLast());
    }

    private static Flow pNorm(Node node, Flow in, Conversion c) {
        SubsamplingLayer conf = (SubsamplingLayer) node.layer();
        TensorType x = floats(node, in, c);
        Window2d window = PoolingForms.window(node, x);
        TensorType y = output(node, PoolingForms.pooled(x, window), c);
        c.draft().add(new PNormPool2d(node.name(), x, y, window, conf.getPnorm()));
        return quantized(node, y, in.channelsLast(), c);
    }

    private static Flow globalPNorm(Node node, Flow in, Conversion c) {
        GlobalPoolingLayer conf = (GlobalPoolingLayer) node.layer();
        if (!conf.isCollapseDimensions()) {
            throw new IllegalArgumentException(
                    "it keeps the axes over which it takes the norm; set collapseDimensions");
        }
        TensorType x = floats(node, in, c);
        PoolingForms.requireSpatialAxes(conf.getPoolingDimensions(), x.rank(), in.channelsLast());
        TensorType y = output(node, List.of(x.size(0)), c);
        c.draft().add(new GlobalPNormPool(node.name(), x, y, conf.getPnorm()));
        return quantized(node, y, false, c);
    }

    static Flow normalize(Node node, List<Flow> in, Conversion c) {
        L2NormalizeVertex conf = (L2NormalizeVertex) node.vertex();
        TensorType x = floats(node, in.get(0), c);
        int[] axes = conf.getDimension();
        int[] all = IntStream.rangeClosed(1, x.rank()).toArray();
        if (axes != null && axes.length > 0 && !Arrays.equals(axes, all)) {
            throw new IllegalArgumentException(
                    "it normalizes over the axes "
                            + Arrays.toString(axes)
                            + "; an integer model has it over all axes of an example, "
                            + Arrays.toString(all));
        }
        TensorType y = output(node, x.shape(), c);
        c.draft().add(new L2Normalize(node.name(), x, y, conf.getEps()));
        return Flow.of(y, in.get(0).channelsLast());
    }

    static TensorType output(Node node, List<Integer> shape, Conversion c) {
        boolean quantizes = node.running() instanceof QuantizedLayer;
        String name = quantizes ? node.name() + ":float" : node.name();
        return new TensorType(c.draft().unique(name), shape, null);
    }

    /** What an island gives: floats, or integers where it has a quantizer of its own. */
    private static Flow quantized(Node node, TensorType y, boolean channelsLast, Conversion c) {
        if (!(node.running() instanceof QuantizedLayer layer)) {
            return Flow.of(y, channelsLast);
        }
        TensorType integers =
                new TensorType(c.draft().unique(node.name()), y.shape(), layer.outputParams());
        c.draft().add(new Quantize(node.name(), y, integers));
        return Flow.of(integers, channelsLast);
    }

    /** The floats that an island reads. */
    static TensorType floats(Node node, Flow in, Conversion c) {
        if (in.isInteger()) {
            TensorType x = in.tensor();
            TensorType floats =
                    new TensorType(c.draft().unique(node.name() + ":in"), x.shape(), null);
            c.draft().add(Dequantize.linear(node.name(), x, floats, false));
            return floats;
        }
        if (in.networkInput() != null) {
            throw new IllegalArgumentException(
                    "it computes in float on the network's input, which nobody has quantized;"
                            + " prepare the network as a graph, such as net.toComputationGraph()"
                            + " gives, where a quantizer is put in before it");
        }
        if (in.tensor() == null || !in.pending().isEmpty()) {
            throw new IllegalArgumentException(
                    "it computes in float on "
                            + (in.tensor() == null
                                    ? "what a vertex gives, which nobody has quantized"
                                    : "what other layers have moved behind another float"
                                            + " layer")
                            + "; put a FakeQuantLayer before it");
        }
        return in.tensor();
    }
}
