package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.Flow.Step;
import io.github.dl4jqat.convert.IntegerForms.LayerForm;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.NoIntegerForm;
import io.github.dl4jqat.layers.PassThrough;
import io.github.dl4jqat.layers.QuantActivationLayer;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.QuantizedEmbedding;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Turns a quantized network into integers. Every scale, zero point and integer is read off the
 * network's own layers, which compute with them in evaluation; nothing is measured anew.
 */
public final class Converter {

    private final NetworkView network;
    private final ModelDraft draft;
    private final Conversion conversion;
    private final Map<String, Flow> flows = new LinkedHashMap<>();
    private final List<String> offenders = new ArrayList<>();

    private Converter(NetworkView network, InputShapes shapes) {
        this.network = network;
        Requantization mode =
                network.nodes().stream()
                        .filter(n -> n.running() instanceof QuantizedLayer)
                        .map(n -> ((QuantizedLayer) n.running()).quantization().requantization())
                        .findFirst()
                        .orElse(Requantization.FLOAT);
        draft = new ModelDraft(mode, network.inputs());
        conversion = new Conversion(network, draft, shapes);
    }

    /**
     * The integer network.
     *
     * @throws UnsupportedLayerException naming every layer that stands in the way
     */
    public static IntegerNetwork convert(MultiLayerNetwork net) {
        return IntegerNetwork.of(model(net));
    }

    /**
     * The integer network for examples of another shape than the training's.
     *
     * @param inputShape that of one example, as DL4J's arrays have it, without the batch
     * @throws UnsupportedLayerException naming every layer that stands in the way, those whose
     *     weights do not fit that shape among them
     */
    public static IntegerNetwork convert(MultiLayerNetwork net, long... inputShape) {
        Map<String, long[]> shapes = Collections.singletonMap(NetworkView.INPUT, inputShape);
        return IntegerNetwork.of(model(view(net), shapes));
    }

    /** The integer network of a graph; see {@link #convert(MultiLayerNetwork)}. */
    public static IntegerNetwork convert(ComputationGraph net) {
        return IntegerNetwork.of(model(net));
    }

    /**
     * The integer network of a graph for examples of other shapes than the training's.
     *
     * @param inputShapes by name of the input, as DL4J's arrays have them, without the batch; an
     *     input that is left out keeps its shape
     */
    public static IntegerNetwork convert(ComputationGraph net, Map<String, long[]> inputShapes) {
        return IntegerNetwork.of(model(view(net), inputShapes));
    }

    /** The integer model alone; see {@link #convert(MultiLayerNetwork)}. */
    public static IntegerModel model(MultiLayerNetwork net) {
        return model(view(net), Map.of());
    }

    /** The integer model of a graph alone; see {@link #convert(MultiLayerNetwork)}. */
    public static IntegerModel model(ComputationGraph net) {
        return model(view(net), Map.of());
    }

    /** The integer model for examples that look like those of another. */
    public static IntegerModel model(MultiLayerNetwork net, IntegerModel like) {
        NetworkView view = view(net);
        return model(view, InputShapes.of(like, view));
    }

    /** The integer model of a graph for examples that look like those of another. */
    public static IntegerModel model(ComputationGraph net, IntegerModel like) {
        NetworkView view = view(net);
        return model(view, InputShapes.of(like, view));
    }

    private static IntegerModel model(NetworkView view, Map<String, long[]> shapes) {
        return new Converter(view, InputShapes.of(shapes, view)).run();
    }

    private static NetworkView view(MultiLayerNetwork net) {
        requireExact(net.getLayerWiseConfigurations().getDataType());
        return NetworkView.of(net);
    }

    private static NetworkView view(ComputationGraph net) {
        requireExact(net.getConfiguration().getDataType());
        NetworkView view = NetworkView.of(net);
        InputLinks.link(view);
        return view;
    }

    /** Refuses networks whose own evaluation would differ from the integer model. */
    private static void requireExact(DataType type) {
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(
                    "Qat.convert: the network's data type is "
                            + type
                            + ", whose evaluation rounds what an integer model does not. Convert"
                            + " net.convertDataType(DataType.FLOAT), which has the same weights and"
                            + " ranges");
        }
    }

    private IntegerModel run() {
        if (network.nodes().stream().noneMatch(n -> n.running() instanceof QuantizedLayer)) {
            throw new UnsupportedLayerException(
                    network.nodes().stream().map(Node::describe).toList(),
                    "Qat.convert: the network has no quantized layer; call Qat.prepare first, and"
                            + " train what it returns");
        }
        network.inputs().forEach(i -> flows.put(i, Flow.ofInput(i)));
        for (Node node : network.nodes()) {
            try {
                Flow flow = convert(node);
                if (flow != null) {
                    flows.put(node.name(), flow);
                }
            } catch (IllegalArgumentException | IllegalStateException e) {
                offenders.add(node.describe() + ": " + e.getMessage());
            }
        }
        if (!offenders.isEmpty()) {
            throw new UnsupportedLayerException(offenders);
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("producer", "dl4j-qat");
        return draft.build(network.outputs(), metadata);
    }

    /** What flows out of a node; null if it cannot be said because of a layer before it. */
    private Flow convert(Node node) {
        requireIntegerForm(node);
        List<Flow> in = new ArrayList<>();
        node.inputs().forEach(input -> in.add(flows.get(input)));
        if (in.contains(null)) {
            // The layer that has no integer form has been named; those behind it are not to blame.
            return null;
        }
        requireNotBehindAnEnd(node);
        Flow flow = node.layer() == null ? vertex(node, in) : layer(node, in.get(0));
        if (network.outputs().contains(node.name())
                && !(node.layer() instanceof BaseOutputLayer)
                && !EndForms.isLoss(node.layer())) {
            EndForms.output(node, flow, conversion);
        }
        return flow;
    }

    private Flow vertex(Node node, List<Flow> in) {
        return IntegerForms.VERTICES.get(node.vertex().getClass()).apply(node, in, conversion);
    }

    private Flow layer(Node node, Flow input) {
        Layer layer = node.layer();
        Flow in = PreProcessors.apply(node.preProcessor(), node, input, conversion);
        if (EndForms.isLoss(layer)) {
            EndForms.loss(node, in, conversion);
            return in;
        }
        if (IslandForms.isIsland(layer)) {
            return IslandForms.apply(node, in, conversion);
        }
        if (layer instanceof QuantLayerConfiguration && !PassThrough.keepsGrid(layer)) {
            return quantized(node, in);
        }
        LayerForm form = IntegerForms.MOVING.get(layer.getClass());
        return form == null ? in : form.apply(node, in, conversion);
    }

    /** What stands in the way whatever comes in. */
    private static void requireIntegerForm(Node node) {
        Layer layer = node.layer();
        if (layer == null) {
            if (!IntegerForms.VERTICES.containsKey(node.vertex().getClass())) {
                throw new IllegalArgumentException(NoIntegerForm.reason(node.vertex()));
            }
            return;
        }
        boolean moving = PassThrough.keepsGrid(layer);
        boolean fakeQuant = layer instanceof FakeQuantLayer;
        if (EndForms.isLoss(layer)
                || (moving && (fakeQuant || IntegerForms.MOVING.containsKey(layer.getClass())))) {
            return;
        }
        if (IslandForms.isIsland(layer)) {
            if (layer instanceof QuantLayerConfiguration) {
                requireReady(node);
            }
            return;
        }
        if (!(layer instanceof QuantLayerConfiguration)) {
            String reason = NoIntegerForm.reason(layer);
            if (reason != null) {
                throw new IllegalArgumentException(reason);
            }
            throw new IllegalArgumentException(
                    "it computes in float: it has no quantized form, or a rule keeps it float"
                        + " (Qat.plan of the float network says which); put a quantized layer in"
                        + " its place");
        }
        if (!IntegerForms.QUANTIZED.containsKey(layer.getClass())) {
            throw new IllegalArgumentException(
                    "the integer model has no operation for it yet; train it as it is, and convert"
                            + " a network without it");
        }
        requireReady(node);
    }

    private void requireNotBehindAnEnd(Node node) {
        for (Node other : network.nodes()) {
            if (other.name().equals(node.inputs().get(0))
                    && (other.layer() instanceof BaseOutputLayer
                            || EndForms.isLoss(other.layer()))) {
                throw new IllegalArgumentException(
                        "it reads "
                                + other.describe()
                                + ", whose values are float; let it read the layer before, or a"
                                + " dense layer in its place");
            }
        }
    }

    private Flow quantized(Node node, Flow in) {
        Layer layer = node.layer();
        Flow flow = in;
        QuantizedLayer running = (QuantizedLayer) node.running();
        if (running.quantization().input() != null) {
            flow = quantizedHere(node, in, running.inputParams());
        } else if (layer instanceof FakeQuantLayer && !in.isInteger() && in.parts() == null) {
            return quantizedHere(node, in, running.outputParams());
        }
        if (running instanceof QuantizedEmbedding) {
            return IntegerForms.QUANTIZED.get(layer.getClass()).apply(node, in, conversion);
        }
        boolean takesParts =
                layer instanceof FakeQuantLayer || layer instanceof QuantActivationLayer;
        if (flow.parts() == null || !takesParts) {
            requireIntegers(flow);
        }
        return IntegerForms.QUANTIZED.get(layer.getClass()).apply(node, flow, conversion);
    }

    private static void requireReady(Node node) {
        QuantizedLayer running = (QuantizedLayer) node.running();
        if (running.quantization().output() == null) {
            throw new IllegalArgumentException(
                    "its output is not quantized; give it an outputQuant");
        }
        if (running.outputParams() == null) {
            throw new IllegalArgumentException(
                    "its ranges have seen no data; call Qat.calibrate, or train the network");
        }
    }

    static void requireIntegers(Flow flow) {
        if (!flow.isInteger()) {
            throw new IllegalArgumentException(
                    flow.parts() == null
                            ? "its input is not quantized; give it an inputQuant, or put a"
                                    + " FakeQuantLayer before it"
                            : "its input is what a vertex computes, which nobody has quantized;"
                                    + " put a FakeQuantLayer behind the vertex");
        }
    }

    /** Quantizes pending floats at a layer with an input quantizer. */
    private Flow quantizedHere(Node node, Flow in, QuantParams params) {
        if (in.isInteger()) {
            TensorType requantized = conversion.requantized(node, in.tensor(), params);
            return Flow.of(requantized, in.channelsLast());
        }
        if (params == null) {
            throw new IllegalArgumentException(
                    "its ranges have seen no data; call Qat.calibrate, or train the network");
        }
        if (in.parts() != null) {
            throw new IllegalArgumentException(
                    "its input is what a vertex computes, which is to be put on a grid at once;"
                            + " put a FakeQuantLayer behind the vertex, instead of the inputQuant"
                            + " of this layer");
        }
        if (in.tensor() != null) {
            TensorType x = draft.quantized(in.tensor(), params, node.name());
            for (Step step : in.pending()) {
                x = step.apply(x, draft);
            }
            return Flow.of(x, in.channelsLast());
        }
        List<Integer> noted = Conversion.notedShape(node);
        List<Integer> wanted = conversion.shapes().of(in.networkInput(), in.rawShape(), noted);
        List<Integer> shape = wanted == null ? in.rawShape() : wanted;
        if (shape == null) {
            shape = noted;
        }
        if (shape == null || (wanted == null && in.rawShape() == null && !in.shapeKept())) {
            throw new IllegalArgumentException(
                    "the shape of input '"
                            + in.networkInput()
                            + "' is not known here; "
                            + (shape == null && !node.isWrappedIn(TimeDistributed.class)
                                    ? "call Qat.calibrate, or train the network"
                                    : "say it, with Qat.convert(net, shape of an example), or"
                                            + " quantize the input first, with a"
                                            + " FakeQuantLayer"));
        }
        TensorType x = draft.quantizedInput(in.networkInput(), shape, params, node.name());
        boolean last =
                in.rawShape() == null
                        && shape.size() > 1
                        && DataFormats.channelsLast(network, node);
        if (last) {
            List<Integer> channelsFirst = new ArrayList<>(List.of(shape.size() - 1));
            for (int axis = 0; axis < shape.size() - 1; axis++) {
                channelsFirst.add(axis);
            }
            x = draft.transpose(x, channelsFirst, node.name());
        }
        for (Step step : in.pending()) {
            x = step.apply(x, draft);
        }
        return Flow.of(x, last || in.channelsLast());
    }
}
