package io.github.dl4jqat.layers;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A network that the tests of Deeplearning4j's ways to train go over. One more network is one more
 * line in {@link #all()}.
 *
 * @param name for the test's name
 * @param network makes the float network with the given settings
 * @param shape of one example: a row, a sequence {@code [size, steps]}, or an image {@code
 *     [channels, height, width]}
 * @param additive whether the gradient of a batch is the sum of those of its parts; not where
 *     examples of a batch see each other, as in batch normalization
 * @param first a layer with weights that has others before none
 * @param hidden a later layer with weights, whose number of outputs may be changed
 * @param output the name of the output layer
 */
record TrainingSubject(
        String name,
        Function<NeuralNetConfiguration.Builder, Model> network,
        List<Integer> shape,
        boolean additive,
        String first,
        String hidden,
        String output) {

    static final int CLASSES = 3;

    /** All of them. */
    static Stream<TrainingSubject> all() {
        return Stream.of(
                chain("MLP", Nets.Kind.MULTI_LAYER, mlp(), List.of(6)),
                chain("MLP graph", Nets.Kind.GRAPH, mlp(), List.of(6)),
                chain("CNN", Nets.Kind.MULTI_LAYER, cnn(), List.of(2, 7, 7)),
                chain("CNN graph", Nets.Kind.GRAPH, cnn(), List.of(2, 7, 7)),
                chain("encoder", Nets.Kind.MULTI_LAYER, encoder(), List.of(6)),
                chain("encoder graph", Nets.Kind.GRAPH, encoder(), List.of(6)));
    }

    private static TrainingSubject chain(
            String name, Nets.Kind kind, List<Layer> layers, List<Integer> shape) {
        InputType type =
                switch (shape.size()) {
                    case 1 -> InputType.feedForward(shape.get(0));
                    case 2 -> InputType.recurrent(shape.get(0), shape.get(1));
                    default -> InputType.convolutional(shape.get(1), shape.get(2), shape.get(0));
                };
        // Layers keep what a builder sets in them, so each network gets its own.
        return new TrainingSubject(
                name,
                settings ->
                        Nets.chain(
                                kind, settings, type, layers.stream().map(Layer::clone).toList()),
                shape,
                true,
                "first",
                "hidden",
                "out");
    }

    private static List<Layer> mlp() {
        return List.of(
                new DenseLayer.Builder().name("first").nOut(9).activation(Activation.RELU).build(),
                new DenseLayer.Builder()
                        .name("hidden")
                        .nOut(7)
                        .activation(Activation.SIGMOID)
                        .build(),
                output("out"));
    }

    private static List<Layer> encoder() {
        List<Layer> layers = new ArrayList<>(mlp());
        layers.add(
                1,
                new VariationalAutoencoder.Builder()
                        .name("codes")
                        .encoderLayerSizes(8, 7)
                        .decoderLayerSizes(4)
                        .nOut(6)
                        .activation(Activation.TANH)
                        .build());
        return layers;
    }

    private static List<Layer> cnn() {
        return List.of(
                new ConvolutionLayer.Builder(3, 3)
                        .name("first")
                        .nOut(5)
                        .activation(Activation.IDENTITY)
                        .build(),
                new ActivationLayer.Builder().name("act").activation(Activation.TANH).build(),
                new SubsamplingLayer.Builder(PoolingType.MAX)
                        .name("max")
                        .kernelSize(2, 2)
                        .stride(1, 1)
                        .build(),
                new ConvolutionLayer.Builder(2, 2)
                        .name("second")
                        .nOut(4)
                        .activation(Activation.RELU)
                        .build(),
                new SubsamplingLayer.Builder(PoolingType.AVG)
                        .name("avg")
                        .kernelSize(2, 2)
                        .stride(1, 1)
                        .build(),
                new DenseLayer.Builder().name("hidden").nOut(6).activation(Activation.RELU).build(),
                output("out"));
    }

    private static OutputLayer output(String name) {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name(name)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    /** The prepared network. */
    Model prepared(NeuralNetConfiguration.Builder settings, QatConfig config) {
        Model net = network.apply(settings);
        return net instanceof MultiLayerNetwork chain
                ? Qat.prepare(chain, config)
                : Qat.prepare((ComputationGraph) net, config);
    }

    /** Batches of random numbers with random labels. */
    ListDataSetIterator<DataSet> data(Random random, int batches, int examples) {
        List<DataSet> list = new ArrayList<>();
        for (int i = 0; i < batches; i++) {
            list.add(batch(random, examples));
        }
        return new ListDataSetIterator<>(list, 1);
    }

    DataSet batch(Random random, int examples) {
        long[] of = new long[shape.size() + 1];
        of[0] = examples;
        for (int i = 0; i < shape.size(); i++) {
            of[i + 1] = shape.get(i);
        }
        INDArray x = Nets.random(random, DataType.FLOAT, of);
        if (shape.size() != 2) {
            return new DataSet(x, Nets.labels(random, DataType.FLOAT, examples, CLASSES));
        }
        int steps = shape.get(1);
        INDArray rows = Nets.labels(random, DataType.FLOAT, examples * steps, CLASSES);
        return new DataSet(
                x, rows.reshape('c', examples, steps, CLASSES).permute(0, 2, 1).dup('c'));
    }

    /** Converts and compares. */
    static VerificationReport verify(Model net, ListDataSetIterator<DataSet> data) {
        if (net instanceof MultiLayerNetwork chain) {
            try (IntegerNetwork integer = Qat.convert(chain)) {
                return Qat.verify(chain, integer, data);
            }
        }
        try (IntegerNetwork integer = Qat.convert((ComputationGraph) net)) {
            return Qat.verify((ComputationGraph) net, integer, data);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
