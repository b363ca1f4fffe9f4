package io.github.dl4jqat.layers;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.NeuralNetwork;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** One way to treat a MultiLayerNetwork and a ComputationGraph that are chains of layers. */
public final class Nets {

    private Nets() {}

    /** The two kinds of network. */
    public enum Kind {
        MULTI_LAYER,
        GRAPH
    }

    /** An initialized chain of named layers. */
    public static Model chain(
            Kind kind,
            NeuralNetConfiguration.Builder settings,
            InputType input,
            List<? extends Layer> layers) {
        Model net;
        if (kind == Kind.MULTI_LAYER) {
            NeuralNetConfiguration.ListBuilder list = settings.list();
            layers.forEach(list::layer);
            net = new MultiLayerNetwork(list.setInputType(input).build());
        } else {
            net = new ComputationGraph(graph(settings, input, layers));
        }
        ((NeuralNetwork) net).init();
        return net;
    }

    private static ComputationGraphConfiguration graph(
            NeuralNetConfiguration.Builder settings,
            InputType input,
            List<? extends Layer> layers) {
        ComputationGraphConfiguration.GraphBuilder graph =
                settings.graphBuilder().addInputs("in").setInputTypes(input);
        String previous = "in";
        for (Layer layer : layers) {
            graph.addLayer(layer.getLayerName(), layer, previous);
            previous = layer.getLayerName();
        }
        return graph.setOutputs(previous).build();
    }

    public static INDArray output(Model net, INDArray x) {
        return net instanceof MultiLayerNetwork chain
                ? chain.output(x)
                : ((ComputationGraph) net).outputSingle(x);
    }

    public static void fit(Model net, DataSet data) {
        ((NeuralNetwork) net).fit(data);
    }

    public static org.deeplearning4j.nn.api.Layer layer(Model net, String name) {
        return net instanceof MultiLayerNetwork chain
                ? chain.getLayer(name)
                : ((ComputationGraph) net).getLayer(name);
    }

    public static double score(Model net, DataSet data, boolean training) {
        return net instanceof MultiLayerNetwork chain
                ? chain.score(data, training)
                : ((ComputationGraph) net).score(data, training);
    }

    public static Map<String, INDArray> feedForward(Model net, INDArray x, boolean training) {
        if (net instanceof ComputationGraph graph) {
            return graph.feedForward(x, training);
        }
        Map<String, INDArray> byName = new LinkedHashMap<>();
        List<INDArray> all = ((MultiLayerNetwork) net).feedForward(x, training);
        for (int i = 1; i < all.size(); i++) {
            Layer layer = ((MultiLayerNetwork) net).getLayer(i - 1).conf().getLayer();
            byName.put(layer.getLayerName(), all.get(i));
        }
        return byName;
    }

    public static Model copy(Model net) {
        if (net instanceof MultiLayerNetwork chain) {
            return chain.clone();
        }
        ComputationGraph copy = ((ComputationGraph) net).clone();
        // DL4J's clone of a graph starts counting anew, and Adam's step depends on the count.
        int iterations = ((ComputationGraph) net).getConfiguration().getIterationCount();
        copy.getConfiguration().setIterationCount(iterations);
        return copy;
    }

    /** Through ModelSerializer, updater included. */
    public static Model saved(Model net) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(net, bytes, true);
        ByteArrayInputStream in = new ByteArrayInputStream(bytes.toByteArray());
        return net instanceof MultiLayerNetwork
                ? ModelSerializer.restoreMultiLayerNetwork(in, true)
                : ModelSerializer.restoreComputationGraph(in, true);
    }

    /** Through Java serialization. */
    @SuppressWarnings({"unchecked", "BanSerializableRead"})
    public static <T> T serialized(T object) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        try (ObjectInputStream in =
                new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (T) in.readObject();
        }
    }

    public static String json(Model net) {
        return net instanceof MultiLayerNetwork chain
                ? chain.getLayerWiseConfigurations().toJson()
                : ((ComputationGraph) net).getConfiguration().toJson();
    }

    /** Parameters and updater state as raw bits, for comparisons without tolerance. */
    public static List<long[]> state(Model net) {
        List<long[]> state = new ArrayList<>();
        state.add(bits(net.params()));
        INDArray updater = ((NeuralNetwork) net).updaterState();
        state.add(updater == null ? new long[0] : bits(updater));
        return state;
    }

    /** The raw bits of an array's elements in row-major order. */
    public static long[] bits(INDArray array) {
        double[] values = array.dup('c').data().asDouble();
        long[] bits = new long[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Double.doubleToRawLongBits(values[i]);
        }
        return bits;
    }

    /** Uniform in -1..1, not from ND4J's generator, so that nothing else shifts the sequence. */
    public static INDArray random(Random random, DataType type, long... shape) {
        double[] values =
                new double
                        [Math.toIntExact(
                                java.util.Arrays.stream(shape).reduce(1, (a, b) -> a * b))];
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * random.nextDouble() - 1;
        }
        return Nd4j.createFromArray(values).reshape('c', shape).castTo(type);
    }

    /** Random one-hot labels. */
    public static INDArray labels(Random random, DataType type, int examples, int classes) {
        INDArray labels = Nd4j.zeros(type, examples, classes);
        for (int i = 0; i < examples; i++) {
            labels.putScalar(i, random.nextInt(classes), 1);
        }
        return labels;
    }
}
