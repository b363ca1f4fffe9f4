package io.github.dl4jqat.examples.network;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.QatConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.NeuralNetwork;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * What the examples need of a Deeplearning4j network, whichever of its two kinds it is: the two
 * share these methods but no type that has them.
 */
public sealed interface Network {

    /** The network in its wrapper. */
    static Network of(Model net) {
        return net instanceof MultiLayerNetwork layers
                ? new Layers(layers)
                : new Graph((ComputationGraph) net);
    }

    /**
     * Loads a network of either kind that Deeplearning4j has saved, with the state of its updater
     * if it is there.
     */
    static Network load(Path file) throws IOException {
        boolean graph;
        try (ZipFile zip = new ZipFile(file.toFile());
                InputStream in = zip.getInputStream(zip.getEntry("configuration.json"))) {
            graph = new ObjectMapper().readTree(in).has("vertices");
        }
        return graph
                ? new Graph(ComputationGraph.load(file.toFile(), true))
                : new Layers(MultiLayerNetwork.load(file.toFile(), true));
    }

    /** The network itself. */
    Model net();

    /** What {@link #prepare} would do to each layer, and why. */
    PreparationPlan plan(QatConfig config);

    /** A new network with quantization in its layers. */
    Network prepare(QatConfig config);

    /** Lets the ranges of a prepared network be seen by real batches. */
    void calibrate(DataSetIterator data, int batches);

    /** Trains for one pass over the data. */
    default void fit(DataSetIterator data) {
        ((NeuralNetwork) net()).fit(data);
    }

    /** Trains on one batch. */
    default void fit(DataSet batch) {
        ((NeuralNetwork) net()).fit(batch);
    }

    /** The integer model of a prepared network. */
    IntegerNetwork convert();

    /** Names of what it reads; that of a network of layers is {@code input}. */
    List<String> inputs();

    /**
     * The same for examples of other shapes than the training's.
     *
     * @param inputShapes by name of the input
     */
    IntegerNetwork convert(Map<String, long[]> inputShapes);

    /** Writes what {@link #convert} gave together with the float network: one file for both. */
    void save(IntegerNetwork integer, Path file) throws IOException;

    /** Compares this prepared network with its integer model. */
    VerificationReport verify(IntegerNetwork integer, DataSetIterator data);

    /** The fraction of examples whose label the network gets right. */
    default double accuracy(DataSetIterator data) {
        return ((NeuralNetwork) net()).doEvaluation(data, new Evaluation())[0].accuracy();
    }

    INDArray output(INDArray input);

    /** Iterations that the network has been trained for. */
    int iterations();

    void learningRate(ISchedule schedule);

    /** The same rate from now on, for all layers whose updater has one. */
    void learningRate(double rate);

    /** Replaces all listeners. */
    default void listeners(TrainingListener... listeners) {
        net().setListeners(listeners);
    }

    /** Writes the usual Deeplearning4j zip, with the state of the updater. */
    default void save(Path file) throws IOException {
        save(file, true);
    }

    /** Writes the usual Deeplearning4j zip. */
    default void save(Path file, boolean withUpdater) throws IOException {
        ModelSerializer.writeModel(net(), file.toFile(), withUpdater);
    }

    default long parameters() {
        return net().numParams();
    }

    /** Deeplearning4j's own summary. */
    String summary();

    /** The layers with their state, in Deeplearning4j's order. */
    List<Layer> layers();

    /** Its layers and vertices, in an order in which each comes after what it reads. */
    NetworkView view();

    /** Whether there is quantization in it. */
    default boolean prepared() {
        return view().nodes().stream().anyMatch(n -> n.running() instanceof QuantizedLayer);
    }

    /** A network of layers, one after the other. */
    record Layers(MultiLayerNetwork net) implements Network {

        @Override
        public PreparationPlan plan(QatConfig config) {
            return Qat.plan(net, config);
        }

        @Override
        public Network prepare(QatConfig config) {
            return new Layers(Qat.prepare(net, config));
        }

        @Override
        public void calibrate(DataSetIterator data, int batches) {
            Qat.calibrate(net, data, batches);
        }

        @Override
        public IntegerNetwork convert() {
            return Qat.convert(net);
        }

        @Override
        public List<String> inputs() {
            return List.of(NetworkView.INPUT);
        }

        @Override
        public IntegerNetwork convert(Map<String, long[]> inputShapes) {
            return Qat.convert(net, inputShapes.get(NetworkView.INPUT));
        }

        @Override
        public void save(IntegerNetwork integer, Path file) throws IOException {
            Qat.save(integer, net, file);
        }

        @Override
        public VerificationReport verify(IntegerNetwork integer, DataSetIterator data) {
            return Qat.verify(net, integer, data);
        }

        @Override
        public INDArray output(INDArray input) {
            return net.output(input);
        }

        @Override
        public int iterations() {
            return net.getIterationCount();
        }

        @Override
        public void learningRate(ISchedule schedule) {
            net.setLearningRate(schedule);
        }

        @Override
        public void learningRate(double rate) {
            net.setLearningRate(rate);
        }

        @Override
        public String summary() {
            return net.summary();
        }

        @Override
        public List<Layer> layers() {
            return List.of(net.getLayers());
        }

        @Override
        public NetworkView view() {
            return NetworkView.of(net);
        }
    }

    /** A network whose layers form a graph. */
    record Graph(ComputationGraph net) implements Network {

        @Override
        public PreparationPlan plan(QatConfig config) {
            return Qat.plan(net, config);
        }

        @Override
        public Network prepare(QatConfig config) {
            return new Graph(Qat.prepare(net, config));
        }

        @Override
        public void calibrate(DataSetIterator data, int batches) {
            Qat.calibrate(net, data, batches);
        }

        @Override
        public IntegerNetwork convert() {
            return Qat.convert(net);
        }

        @Override
        public List<String> inputs() {
            return net.getConfiguration().getNetworkInputs();
        }

        @Override
        public IntegerNetwork convert(Map<String, long[]> inputShapes) {
            return Qat.convert(net, inputShapes);
        }

        @Override
        public void save(IntegerNetwork integer, Path file) throws IOException {
            Qat.save(integer, net, file);
        }

        @Override
        public VerificationReport verify(IntegerNetwork integer, DataSetIterator data) {
            return Qat.verify(net, integer, data);
        }

        @Override
        public INDArray output(INDArray input) {
            return net.outputSingle(input);
        }

        @Override
        public int iterations() {
            return net.getIterationCount();
        }

        @Override
        public void learningRate(ISchedule schedule) {
            net.setLearningRate(schedule);
        }

        @Override
        public void learningRate(double rate) {
            net.setLearningRate(rate);
        }

        @Override
        public String summary() {
            return net.summary();
        }

        @Override
        public List<Layer> layers() {
            return List.of(net.getLayers());
        }

        @Override
        public NetworkView view() {
            return NetworkView.of(net);
        }
    }
}
