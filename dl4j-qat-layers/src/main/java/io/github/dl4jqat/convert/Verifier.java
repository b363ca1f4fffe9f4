package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.VerificationReport.LayerDifference;
import io.github.dl4jqat.integer.IntegerEngine;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.JavaEngine;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.TensorData;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedBidirectionalLayer;
import io.github.dl4jqat.layers.QuantizedEncoderLayer;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.layers.QuantizedRecurrentLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Compares an integer network with the quantized network it was made of: each layer alone on the
 * Java engine, fed with the integers that the quantized network has there, and both networks end to
 * end. Masks are left out of account: an integer network has none.
 */
public final class Verifier {

    private final NetworkView network;
    private final EvaluationPass simulation;
    private final IntegerNetwork integer;
    private final IntegerModel model;
    private final IntegerEngine javaEngine;
    private final Map<String, LayerDifference> differences = new LinkedHashMap<>();
    private long examples;
    private long labels;
    private long equalLabels;
    private double maxOutputDifference;

    private Verifier(
            NetworkView network,
            EvaluationPass simulation,
            IntegerNetwork integer,
            IntegerEngine javaEngine) {
        this.network = network;
        this.simulation = simulation;
        this.integer = integer;
        this.model = integer.model();
        this.javaEngine = javaEngine;
    }

    /** Compares on all batches of an iterator, which is reset before and after if it can be. */
    public static VerificationReport verify(
            MultiLayerNetwork net, IntegerNetwork integer, DataSetIterator data) {
        NetworkView view = NetworkView.of(net);
        return run(view, EvaluationPass.of(net, view), integer, Batches.of(data));
    }

    /** The same for a graph with one input. */
    public static VerificationReport verify(
            ComputationGraph net, IntegerNetwork integer, DataSetIterator data) {
        NetworkView view = NetworkView.of(net);
        if (view.inputs().size() != 1) {
            throw new IllegalArgumentException(
                    "Qat.verify: the graph has the inputs "
                            + view.inputs()
                            + ", but a DataSetIterator feeds one; use a MultiDataSetIterator");
        }
        InputLinks.link(view);
        return run(view, EvaluationPass.of(net, view), integer, Batches.of(data));
    }

    /** The same for a graph with any number of inputs. */
    public static VerificationReport verify(
            ComputationGraph net, IntegerNetwork integer, MultiDataSetIterator data) {
        NetworkView view = NetworkView.of(net);
        InputLinks.link(view);
        return run(view, EvaluationPass.of(net, view), integer, Batches.of(data));
    }

    private static VerificationReport run(
            NetworkView view, EvaluationPass simulation, IntegerNetwork integer, Batches data) {
        data.reset();
        try (IntegerEngine java = new JavaEngine(integer.model())) {
            Verifier verifier = new Verifier(view, simulation, integer, java);
            verifier.requireSameLayers();
            while (data.hasNext()) {
                verifier.compare(data.next());
            }
            if (verifier.examples == 0) {
                throw new IllegalArgumentException("Qat.verify: the data has no batch");
            }
            return verifier.report();
        } finally {
            data.reset();
        }
    }

    /** Refuses a model whose tensors are not those of the network's layers. */
    private void requireSameLayers() {
        List<String> expected = new ArrayList<>();
        for (Node node : network.nodes()) {
            if ((node.running() instanceof QuantizedWeightLayer
                            || node.running() instanceof QuantizedRecurrentLayer
                            || node.running() instanceof QuantizedBidirectionalLayer
                            || node.running() instanceof QuantizedEncoderLayer)
                    && ((QuantizedLayer) node.running()).outputParams() != null) {
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

    private void compare(INDArray[] inputs) {
        if (inputs.length != network.inputs().size()) {
            throw new IllegalArgumentException(
                    "Qat.verify: the data has "
                            + inputs.length
                            + " feature arrays, the network the inputs "
                            + network.inputs());
        }
        int batch = Math.toIntExact(inputs[0].size(0));
        examples += batch;
        Map<String, INDArray> values = simulation.values(inputs);
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        for (TensorType input : model.inputs()) {
            feeds.put(input.name(), floats(values.get(input.name())));
        }
        for (Node node : network.nodes()) {
            for (IntegerOp op : model.ops()) {
                if (op instanceof Quantize quantize && quantizesFloats(quantize, node)) {
                    compare(node, quantize, values, feeds, batch);
                }
            }
            TensorType tensor = model.tensors().get(node.name());
            if (tensor != null && !tensor.isFloat()) {
                INDArray simulated = values.get(node.name());
                if (tensor.rank() == 2 && simulated.rank() == 2) {
                    simulated = sequences(simulated, batch, tensor);
                }
                int[] expected = integers(node, simulated, tensor);
                int allowed = isQuantizedFloat(tensor) ? 1 : 0;
                compare(node.name(), tensor, expected, feeds, batch, allowed);
            }
        }
        endToEnd(inputs);
    }

    /** Whether this is where a node quantizes what operations on floats within the model give. */
    private boolean quantizesFloats(Quantize op, Node node) {
        String source = op.input().name();
        return op.name().equals(node.name()) && network.byName().containsKey(source);
    }

    /** Whether a tensor is what operations on floats within the model give, quantized. */
    private boolean isQuantizedFloat(TensorType tensor) {
        return model.producer(tensor.name()).orElse(null) instanceof Quantize op
                && !model.inputs().contains(op.input());
    }

    /** Floats of two implementations differ in the last digit, and that may be one step. */
    private void compare(
            Node node,
            Quantize quantize,
            Map<String, INDArray> values,
            Map<String, TensorData> feeds,
            int batch) {
        Node source = network.byName().get(quantize.input().name());
        int[] expected = integers(source, values.get(source.name()), quantize.output());
        String row =
                model.tensors().containsKey(node.name()) ? node.name() + " (input)" : node.name();
        compare(row, quantize.output(), expected, feeds, batch, 1);
    }

    /** Counts what differs, and feeds the network's own integers to whatever comes behind. */
    private void compare(
            String row,
            TensorType tensor,
            int[] expected,
            Map<String, TensorData> feeds,
            int batch,
            int allowed) {
        int[] actual =
                javaEngine.run(feeds, List.of(tensor.name()), batch).get(tensor.name()).ints();
        if (expected.length != actual.length) {
            throw new IllegalArgumentException(
                    "Qat.verify: layer '"
                            + row
                            + "' has "
                            + expected.length
                            + " values in the quantized network and "
                            + actual.length
                            + " in the integer network; was it made of this one?");
        }
        long differing = 0;
        int maxLsb = 0;
        for (int i = 0; i < expected.length; i++) {
            int difference = Math.abs(expected[i] - actual[i]);
            differing += difference == 0 ? 0 : 1;
            maxLsb = Math.max(maxLsb, difference);
        }
        LayerDifference now = new LayerDifference(row, expected.length, differing, maxLsb, allowed);
        differences.merge(row, now, LayerDifference::plus);
        feeds.put(tensor.name(), TensorData.of(expected));
    }

    private void endToEnd(INDArray[] inputs) {
        INDArray[] fed = new INDArray[model.inputs().size()];
        for (int i = 0; i < fed.length; i++) {
            fed[i] = inputs[network.inputs().indexOf(model.inputs().get(i).name())];
        }
        INDArray[] expected = simulation.outputs(inputs);
        INDArray[] actual = integer.outputs(fed);
        for (int i = 0; i < actual.length; i++) {
            INDArray y = actual[i];
            Node end = network.byName().get(network.outputs().get(i));
            boolean last = DataFormats.channelsLast(network, end);
            INDArray z = expected[i].castTo(DataType.FLOAT);
            if (last && z.rank() > 2 && !z.equalShapes(y)) {
                // A softmax over the channels leaves them first.
                z = channelsFirst(z);
                last = false;
            }
            INDArray x = z.reshape('c', y.shape());
            maxOutputDifference =
                    Math.max(maxOutputDifference, x.sub(y).amaxNumber().doubleValue());
            int[] a = Labels.of(x, last);
            int[] b = Labels.of(y, last);
            labels += a.length;
            for (int j = 0; j < a.length; j++) {
                equalLabels += a[j] == b[j] ? 1 : 0;
            }
        }
    }

    private static TensorData floats(INDArray x) {
        INDArray rows = x.dup('c');
        return x.dataType() == DataType.DOUBLE
                ? TensorData.of(rows.data().asDouble())
                : TensorData.of(rows.castTo(DataType.FLOAT).data().asFloat());
    }

    /** The integers that the values of a quantized tensor stand for, channels first. */
    private int[] integers(Node node, INDArray values, TensorType tensor) {
        double[] x = channelsFirst(node, values, tensor).dup('c').data().asDouble();
        int[] q = new int[x.length];
        for (int i = 0; i < q.length; i++) {
            q[i] = tensor.params().quantize((float) x[i], 0);
        }
        return q;
    }

    /** Time steps that DL4J has as examples, first all of the first step, as sequences. */
    private static INDArray sequences(INDArray rows, int batch, TensorType tensor) {
        return rows.dup('c').reshape('c', tensor.size(1), batch, tensor.size(0)).permute(1, 2, 0);
    }

    /** The model's shape says where the channels are, unless both arrangements have it. */
    private INDArray channelsFirst(Node node, INDArray values, TensorType tensor) {
        int rank = values.rank();
        if (rank != tensor.rank() + 1 || rank < 3) {
            return values;
        }
        boolean first = true;
        boolean last = values.size(rank - 1) == tensor.size(0);
        for (int axis = 0; axis < tensor.rank(); axis++) {
            first &= values.size(axis + 1) == tensor.size(axis);
            last &= axis == 0 || values.size(axis) == tensor.size(axis);
        }
        boolean moved = first ? last && DataFormats.channelsLast(network, node) : last;
        if (!moved) {
            return values;
        }
        return channelsFirst(values);
    }

    private static INDArray channelsFirst(INDArray values) {
        int[] order = new int[values.rank()];
        order[1] = order.length - 1;
        for (int axis = 2; axis < order.length; axis++) {
            order[axis] = axis - 1;
        }
        return values.permute(order);
    }

    /** The softmax of a stock LossLayer is ND4J's own, which rounds in another order. */
    private boolean endsInStockSoftmax() {
        return network.outputs().stream()
                .map(output -> network.byName().get(output).layer())
                .anyMatch(
                        last ->
                                last != null
                                        && last.getClass() == LossLayer.class
                                        && ((LossLayer) last).getActivationFn()
                                                instanceof ActivationSoftmax);
    }

    private VerificationReport report() {
        return new VerificationReport(
                examples,
                List.copyOf(differences.values()),
                integer.engine(),
                labels,
                equalLabels,
                maxOutputDifference,
                endsInStockSoftmax() ? VerificationReport.SOFTMAX_ROUNDING : 0);
    }
}
