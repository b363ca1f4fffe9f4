package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.VerificationReport.LayerDifference;
import io.github.dl4jqat.integer.IntegerEngine;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.JavaEngine;
import io.github.dl4jqat.integer.TensorData;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLogits;
import io.github.dl4jqat.layers.QuantizedWeightLayer;
import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * Compares an integer network with the quantized network it was made of: each layer alone on the
 * Java engine, fed with the integers that the quantized network has there, and both networks end to
 * end.
 */
public final class Verifier {

    private final NetworkView network;
    private final IntegerModel model;
    private final IntegerEngine javaEngine;
    private final IntegerNetwork integer;
    private final Map<String, long[]> counts = new LinkedHashMap<>();
    private long examples;
    private long equalLabels;
    private double maxOutputDifference;

    private Verifier(NetworkView network, IntegerNetwork integer, IntegerEngine javaEngine) {
        this.network = network;
        this.integer = integer;
        this.model = integer.model();
        this.javaEngine = javaEngine;
    }

    /** What the quantized network gives for each node, and for its output, in evaluation. */
    private interface Simulation {
        Map<String, INDArray> activations(INDArray input);
    }

    /** Compares on all batches of an iterator, which is reset before and after if it can be. */
    public static VerificationReport verify(
            MultiLayerNetwork net, IntegerNetwork integer, DataSetIterator data) {
        NetworkView view = NetworkView.of(net);
        return run(
                view,
                integer,
                data,
                x -> {
                    List<INDArray> all = net.feedForward(x, false);
                    Map<String, INDArray> byName = new LinkedHashMap<>();
                    for (Node node : view.nodes()) {
                        byName.put(node.name(), all.get(node.index() + 1));
                    }
                    return byName;
                });
    }

    /** The same for a graph with one input. */
    public static VerificationReport verify(
            ComputationGraph net, IntegerNetwork integer, DataSetIterator data) {
        NetworkView view = NetworkView.of(net);
        if (view.inputs().size() != 1) {
            throw new IllegalArgumentException(
                    "Qat.verify: the graph has the inputs "
                            + view.inputs()
                            + ", but a DataSetIterator feeds one; compare the outputs of"
                            + " IntegerNetwork.outputs(...) with those of the graph");
        }
        InputLinks.link(view);
        return run(view, integer, data, x -> net.feedForward(x, false));
    }

    private static VerificationReport run(
            NetworkView view, IntegerNetwork integer, DataSetIterator data, Simulation simulation) {
        if (data.resetSupported()) {
            data.reset();
        }
        try (IntegerEngine java = new JavaEngine(integer.model())) {
            Verifier verifier = new Verifier(view, integer, java);
            verifier.requireSameLayers();
            while (data.hasNext()) {
                DataSet batch = data.next();
                INDArray x = batch.getFeatures();
                verifier.compare(x, simulation.activations(x.dup()));
            }
            if (verifier.examples == 0) {
                throw new IllegalArgumentException("Qat.verify: the data has no batch");
            }
            return verifier.report();
        } finally {
            if (data.resetSupported()) {
                data.reset();
            }
        }
    }

    /** Refuses a model whose tensors are not those of the network's layers. */
    private void requireSameLayers() {
        List<String> expected = new ArrayList<>();
        for (Node node : network.nodes()) {
            if (node.running() instanceof QuantizedWeightLayer
                    && ((QuantizedWeightLayer) node.running()).outputParams() != null) {
                expected.add(node.name());
            }
        }
        List<String> missing = new ArrayList<>(expected);
        missing.removeAll(model.tensors().keySet());
        if (expected.isEmpty() || !missing.isEmpty()) {
            throw new IllegalArgumentException(
                    expected.isEmpty()
                            ? "Qat.verify: the network has no layer that is quantized and has seen"
                                    + " data"
                            : "Qat.verify: the integer network has nothing for the layers "
                                    + missing
                                    + ", only "
                                    + model.tensors().keySet()
                                    + "; it was not made of this network");
        }
    }

    private void compare(INDArray x, Map<String, INDArray> activations) {
        int batch = Math.toIntExact(x.size(0));
        examples += batch;
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        String inputName = model.inputs().get(0).name();
        feeds.put(inputName, floats(x));
        for (Node node : network.nodes()) {
            TensorType tensor = model.tensors().get(node.name());
            if (tensor == null || tensor.isFloat() || overwritten(node)) {
                continue;
            }
            INDArray simulated = activations.get(node.name());
            if (node.running() instanceof QuantizedLogits) {
                simulated = logits(node, x, activations);
            }
            int[] expected = integers(simulated, tensor.params(), channelsLast(node, simulated));
            int[] actual =
                    javaEngine.run(feeds, List.of(tensor.name()), batch).get(tensor.name()).ints();
            count(node.name(), expected, actual);
            feeds.put(tensor.name(), TensorData.of(expected));
        }
        endToEnd(x, activations);
    }

    /** DL4J's activation layer writes over its input, so that node's own values are gone. */
    private boolean overwritten(Node node) {
        for (Node consumer : network.consumers(node.name())) {
            Layer layer = consumer.layer();
            if (layer != null
                    && layer.getClass() == ActivationLayer.class
                    && !(((ActivationLayer) layer).getActivationFn()
                            instanceof ActivationIdentity)) {
                return true;
            }
        }
        return false;
    }

    private static INDArray logits(Node node, INDArray x, Map<String, INDArray> activations) {
        INDArray in = activations.getOrDefault(node.inputs().get(0), x);
        if (node.preProcessor() != null) {
            in =
                    node.preProcessor()
                            .preProcess(
                                    in.dup(),
                                    Math.toIntExact(x.size(0)),
                                    LayerWorkspaceMgr.noWorkspacesImmutable());
        }
        return ((QuantizedLogits) node.running()).logits(in);
    }

    private void count(String layer, int[] expected, int[] actual) {
        long[] sums = counts.computeIfAbsent(layer, k -> new long[3]);
        sums[0] += expected.length;
        if (expected.length != actual.length) {
            throw new IllegalArgumentException(
                    "Qat.verify: layer '"
                            + layer
                            + "' has "
                            + expected.length
                            + " values in the quantized network and "
                            + actual.length
                            + " in the integer network; was it made of this one?");
        }
        for (int i = 0; i < expected.length; i++) {
            int difference = Math.abs(expected[i] - actual[i]);
            sums[1] += difference == 0 ? 0 : 1;
            sums[2] = Math.max(sums[2], difference);
        }
    }

    /** An example counts as equal if every output of the network names the same class for it. */
    private void endToEnd(INDArray x, Map<String, INDArray> activations) {
        boolean[] equal = new boolean[Math.toIntExact(x.size(0))];
        Arrays.fill(equal, true);
        INDArray[] actual = integer.outputs(x);
        for (int i = 0; i < actual.length; i++) {
            INDArray y = actual[i];
            INDArray expected =
                    activations
                            .get(network.outputs().get(i))
                            .castTo(DataType.FLOAT)
                            .reshape('c', y.shape());
            maxOutputDifference =
                    Math.max(maxOutputDifference, expected.sub(y).amaxNumber().doubleValue());
            int n = Math.toIntExact(y.length() / y.size(0));
            float[] a = expected.dup('c').data().asFloat();
            float[] b = y.dup('c').data().asFloat();
            for (int row = 0; row < equal.length; row++) {
                equal[row] &= argMax(a, row * n, n) == argMax(b, row * n, n);
            }
        }
        for (boolean same : equal) {
            equalLabels += same ? 1 : 0;
        }
    }

    private static int argMax(float[] values, int from, int n) {
        int best = 0;
        for (int i = 1; i < n; i++) {
            if (values[from + i] > values[from + best]) {
                best = i;
            }
        }
        return best;
    }

    private static TensorData floats(INDArray x) {
        INDArray rows = x.dup('c');
        return x.dataType() == DataType.DOUBLE
                ? TensorData.of(rows.data().asDouble())
                : TensorData.of(rows.castTo(DataType.FLOAT).data().asFloat());
    }

    /** The integers that the values of a quantized tensor stand for, channels first. */
    private static int[] integers(INDArray values, QuantParams p, boolean channelsLast) {
        INDArray rows = (channelsLast ? channelsFirst(values) : values).dup('c');
        double[] x = rows.data().asDouble();
        int[] q = new int[x.length];
        for (int i = 0; i < q.length; i++) {
            q[i] = p.quantize((float) x[i], 0);
        }
        return q;
    }

    private static INDArray channelsFirst(INDArray values) {
        int[] order = new int[values.rank()];
        order[1] = order.length - 1;
        for (int axis = 2; axis < order.length; axis++) {
            order[axis] = axis - 1;
        }
        return values.permute(order);
    }

    private boolean channelsLast(Node node, INDArray values) {
        return values.rank() > 2 && channelsLast(node);
    }

    /** Layers that have a data format say so; any other has that of what it reads. */
    private boolean channelsLast(Node node) {
        Boolean own = ownFormat(node);
        if (own != null) {
            return own;
        }
        Node before = network.byName().get(node.inputs().get(0));
        return before == null ? isReadChannelsLast(node) : channelsLast(before);
    }

    /** What the next layers behind a node that have a data format expect. */
    private boolean isReadChannelsLast(Node node) {
        for (Node reader : network.consumers(node.name())) {
            Boolean own = ownFormat(reader);
            if (own == null ? isReadChannelsLast(reader) : own) {
                return true;
            }
        }
        return false;
    }

    private static Boolean ownFormat(Node node) {
        if (node.layer() instanceof ConvolutionLayer convolution) {
            return convolution.getCnn2dDataFormat() == CNN2DFormat.NHWC;
        }
        return node.layer() instanceof SubsamplingLayer pooling
                ? pooling.getCnn2dDataFormat() == CNN2DFormat.NHWC
                : null;
    }

    /** The softmax of a LossLayer is ND4J's own, which rounds in another order. */
    private boolean endsInStockSoftmax() {
        return network.outputs().stream()
                .map(output -> network.byName().get(output).layer())
                .anyMatch(
                        last ->
                                last instanceof LossLayer lossLayer
                                        && lossLayer.getActivationFn()
                                                instanceof ActivationSoftmax);
    }

    private VerificationReport report() {
        List<LayerDifference> layers = new ArrayList<>();
        counts.forEach((name, c) -> layers.add(new LayerDifference(name, c[0], c[1], (int) c[2])));
        return new VerificationReport(
                examples,
                List.copyOf(layers),
                integer.engine(),
                equalLabels,
                maxOutputDifference,
                endsInStockSoftmax() ? VerificationReport.SOFTMAX_ROUNDING : 0);
    }
}
