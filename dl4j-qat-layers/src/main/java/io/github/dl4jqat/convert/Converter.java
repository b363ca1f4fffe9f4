package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.Flow.Step;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.PassThrough;
import io.github.dl4jqat.layers.QuantActivationLayer;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantGlobalPoolingLayer;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.QuantSubsamplingLayer;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

/**
 * Turns a quantized network into integers. Every scale, zero point and integer is read off the
 * network's own layers, which compute with them in evaluation; nothing is measured anew.
 */
public final class Converter {

    private final NetworkView network;
    private final ModelDraft draft;
    private final LayerConverter layers;
    private final Map<String, Flow> flows = new LinkedHashMap<>();
    private final List<String> offenders = new ArrayList<>();

    private Converter(NetworkView network) {
        this.network = network;
        Requantization mode =
                network.nodes().stream()
                        .filter(n -> n.running() instanceof QuantizedLayer)
                        .map(n -> ((QuantizedLayer) n.running()).quantization().requantization())
                        .findFirst()
                        .orElse(Requantization.FLOAT);
        draft = new ModelDraft(mode, network.inputs());
        layers = new LayerConverter(draft);
    }

    /**
     * The integer network.
     *
     * @throws UnsupportedLayerException naming every layer that stands in the way
     */
    public static IntegerNetwork convert(MultiLayerNetwork net) {
        return IntegerNetwork.of(new Converter(NetworkView.of(net)).run());
    }

    /** The integer network of a graph; see {@link #convert(MultiLayerNetwork)}. */
    public static IntegerNetwork convert(ComputationGraph net) {
        NetworkView view = NetworkView.of(net);
        InputLinks.link(view);
        return IntegerNetwork.of(new Converter(view).run());
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
        Layer layer = node.layer();
        if (layer == null) {
            throw new IllegalArgumentException(
                    "vertices have no integer form yet; of a graph, only its layers can be"
                            + " converted");
        }
        requireIntegerForm(node);
        Flow in = flows.get(node.inputs().get(0));
        if (in == null) {
            // The layer that has no integer form has been named; those behind it are not to blame.
            return null;
        }
        requireNotBehindAnEnd(node);
        boolean output = network.outputs().contains(node.name());
        in = preProcessed(node, in);
        Flow flow;
        if (layer instanceof LossLayer loss) {
            requireIntegers(in);
            layers.end(node, in.tensor(), loss.getActivationFn());
            return in;
        }
        flow = PassThrough.keepsGrid(layer) ? passedThrough(node, in) : quantized(node, in);
        if (output && !(layer instanceof OutputLayer)) {
            requireIntegers(flow);
            layers.end(node, flow.tensor(), null);
        }
        return flow;
    }

    /** What stands in the way whatever comes in. */
    private static void requireIntegerForm(Node node) {
        Layer layer = node.layer();
        if (layer instanceof LossLayer || PassThrough.keepsGrid(layer)) {
            return;
        }
        if (!(layer instanceof QuantLayerConfiguration)) {
            throw new IllegalArgumentException(
                    "it computes in float: it has no quantized form, or a rule keeps it float"
                        + " (Qat.plan of the float network says which); put a quantized layer in"
                        + " its place");
        }
        requireReady(node);
    }

    private void requireNotBehindAnEnd(Node node) {
        for (Node other : network.nodes()) {
            if (other.name().equals(node.inputs().get(0))
                    && (other.layer() instanceof OutputLayer
                            || other.layer() instanceof LossLayer)) {
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
        } else if (layer instanceof FakeQuantLayer && in.tensor() == null) {
            return quantizedHere(node, in, running.outputParams());
        }
        requireIntegers(flow);
        TensorType x = flow.tensor();
        boolean last = flow.channelsLast();
        if (layer instanceof QuantConvolutionLayer) {
            return Flow.of(layers.convolution(node, x, function(layer)), last);
        }
        if (layer instanceof QuantDenseLayer) {
            return Flow.of(layers.dense(node, x, function(layer)), false);
        }
        if (layer instanceof QuantOutputLayer) {
            TensorType logits = layers.dense(node, x, null);
            layers.end(node, logits, function(layer));
            return Flow.of(logits, false);
        }
        if (layer instanceof QuantSubsamplingLayer) {
            return Flow.of(layers.averagePool(node, x), last);
        }
        if (layer instanceof QuantGlobalPoolingLayer) {
            return Flow.of(layers.globalPool(node, x, last), last);
        }
        if (layer instanceof QuantActivationLayer) {
            IActivation f = ((ActivationLayer) layer).getActivationFn();
            return Flow.of(layers.lookup(node, x, f, running.outputParams()), last);
        }
        return Flow.of(
                layers.lookup(node, x, new ActivationIdentity(), running.outputParams()), last);
    }

    private static IActivation function(Layer layer) {
        return ((BaseLayer) layer).getActivationFn();
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

    private static void requireIntegers(Flow flow) {
        if (flow.tensor() == null) {
            throw new IllegalArgumentException(
                    "its input is not quantized; give it an inputQuant, or put a FakeQuantLayer"
                            + " before it");
        }
    }

    /** Quantizes pending floats at a layer with an input quantizer. */
    private Flow quantizedHere(Node node, Flow in, QuantParams params) {
        if (in.tensor() != null) {
            TensorType requantized = layers.requantized(node, in.tensor(), params);
            return Flow.of(requantized, in.channelsLast());
        }
        if (params == null) {
            throw new IllegalArgumentException(
                    "its ranges have seen no data; call Qat.calibrate, or train the network");
        }
        List<Integer> shape = in.rawShape();
        if (shape == null) {
            shape = ((QuantizedLayer) node.running()).quantization().inputShape();
        }
        if (shape == null || (in.rawShape() == null && !in.shapeKept())) {
            throw new IllegalArgumentException(
                    "the shape of input '"
                            + in.networkInput()
                            + "' is not known here; "
                            + (shape == null
                                    ? "call Qat.calibrate, or train the network"
                                    : "quantize the input first, with a FakeQuantLayer"));
        }
        TensorType x = draft.quantizedInput(in.networkInput(), shape, params, node.name());
        boolean last = in.rawShape() == null && shape.size() == 3 && channelsLast(node);
        if (last) {
            x = draft.transpose(x, List.of(2, 0, 1), node.name());
        }
        for (Step step : in.pending()) {
            x = step.apply(x, draft);
        }
        return Flow.of(x, last || in.channelsLast());
    }

    /**
     * Whether a layer's image has its channels last. A layer that treats all numbers alike does not
     * say so itself, but those behind it do.
     */
    private boolean channelsLast(Node node) {
        Layer layer = node.layer();
        if (layer instanceof ConvolutionLayer convolution) {
            return convolution.getCnn2dDataFormat() == CNN2DFormat.NHWC;
        }
        if (layer instanceof SubsamplingLayer pooling) {
            return pooling.getCnn2dDataFormat() == CNN2DFormat.NHWC;
        }
        if (layer instanceof GlobalPoolingLayer pooling) {
            return Arrays.equals(pooling.getPoolingDimensions(), new int[] {1, 2});
        }
        for (Node consumer : network.consumers(node.name())) {
            if (consumer.preProcessor() instanceof CnnToFeedForwardPreProcessor flattened) {
                return flattened.getFormat() == CNN2DFormat.NHWC;
            }
            if (consumer.layer() != null) {
                return channelsLast(consumer);
            }
        }
        return false;
    }

    private Flow preProcessed(Node node, Flow in) {
        InputPreProcessor p = node.preProcessor();
        if (p == null) {
            return in;
        }
        if (p instanceof FeedForwardToCnnPreProcessor image) {
            List<Integer> shape =
                    List.of(
                            Math.toIntExact(image.getNumChannels()),
                            Math.toIntExact(image.getInputHeight()),
                            Math.toIntExact(image.getInputWidth()));
            return step(
                    in.withRawShape(List.of(shape.get(0) * shape.get(1) * shape.get(2))),
                    false,
                    false,
                    (x, d) -> d.reshape(x, shape, node.name()));
        }
        if (p instanceof CnnToFeedForwardPreProcessor flattened) {
            boolean last = in.channelsLast();
            return step(
                    in.withRawShape(imageShape(flattened)),
                    false,
                    false,
                    (x, d) -> {
                        TensorType rows =
                                last && x.shape().size() == 3
                                        ? d.transpose(x, List.of(1, 2, 0), node.name())
                                        : x;
                        return d.reshape(rows, List.of(rows.elements()), node.name());
                    });
        }
        throw new IllegalArgumentException(
                "its preprocessor " + p.getClass().getSimpleName() + " has no integer form");
    }

    private static List<Integer> imageShape(CnnToFeedForwardPreProcessor p) {
        int c = Math.toIntExact(p.getNumChannels());
        int h = Math.toIntExact(p.getInputHeight());
        int w = Math.toIntExact(p.getInputWidth());
        return p.getFormat() == CNN2DFormat.NHWC ? List.of(h, w, c) : List.of(c, h, w);
    }

    private Flow passedThrough(Node node, Flow in) {
        Layer layer = node.layer();
        if (layer instanceof DropoutLayer) {
            return in;
        }
        if (layer instanceof SubsamplingLayer) {
            return step(in, false, in.channelsLast(), (x, d) -> layers.maxPool(node, x));
        }
        if (layer instanceof GlobalPoolingLayer) {
            return step(in, false, false, (x, d) -> layers.globalPool(node, x, in.channelsLast()));
        }
        IActivation f = ((ActivationLayer) layer).getActivationFn();
        return f instanceof ActivationIdentity
                ? in
                : step(
                        in,
                        true,
                        in.channelsLast(),
                        (x, d) -> layers.lookup(node, x, f, x.params()));
    }

    /** Does a step at once where there are integers, else when there will be. */
    private Flow step(Flow in, boolean shapeKept, boolean channelsLast, Step step) {
        if (in.tensor() != null) {
            return Flow.of(step.apply(in.tensor(), draft), channelsLast);
        }
        List<Step> steps = new ArrayList<>(in.pending());
        steps.add(step);
        return new Flow(
                null,
                in.networkInput(),
                in.rawShape(),
                List.copyOf(steps),
                in.shapeKept() && shapeKept,
                channelsLast);
    }
}
