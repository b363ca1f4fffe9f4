package io.github.dl4jqat.examples.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.zoo.model.LeNet;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The networks that are timed; float, with random weights, and what they eat. */
final class BenchNetworks {

    static final String SMALL_CNN = "small CNN";
    static final String RESNET_20 = "ResNet-20";

    private static final int CLASSES = 10;
    private static final long SEED = 20;
    private static final int DIGIT = 28;
    private static final int PICTURE = 32;
    private static final int SMALL_CHANNELS = 16;

    private BenchNetworks() {}

    /**
     * A network and the shape of its input.
     *
     * @param batch usual size of a batch in training
     * @param in shape of an example
     */
    record Subject(String name, Supplier<ComputationGraph> make, int batch, List<Integer> in) {

        Subject(String name, Supplier<ComputationGraph> make, int batch, Integer... in) {
            this(name, make, batch, List.of(in));
        }

        /** The network, the same each time. */
        ComputationGraph network() {
            return make.get();
        }

        /** Noise, with one of the ten classes each. */
        DataSet data(int examples) {
            Random random = new Random(SEED);
            long[] shape = new long[in.size() + 1];
            shape[0] = examples;
            int elements = examples;
            for (int axis = 0; axis < in.size(); axis++) {
                shape[axis + 1] = in.get(axis);
                elements = Math.multiplyExact(elements, in.get(axis));
            }
            float[] x = new float[elements];
            for (int i = 0; i < x.length; i++) {
                x[i] = random.nextFloat();
            }
            INDArray labels = Nd4j.zeros(examples, CLASSES);
            for (int i = 0; i < examples; i++) {
                labels.putScalar(i, random.nextInt(CLASSES), 1);
            }
            return new DataSet(Nd4j.createFromArray(x).reshape('c', shape), labels);
        }
    }

    /** All of them by name. */
    static Map<String, Subject> all() {
        Map<String, Subject> all = new LinkedHashMap<>();
        for (Subject s :
                new Subject[] {
                    smallCnn(64, SMALL_CHANNELS, DIGIT),
                    new Subject("LeNet", BenchNetworks::leNet, 64, DIGIT * DIGIT),
                    resNet(3, 32),
                    new Subject("separable", BenchNetworks::separable, 32, 3, PICTURE, 32),
                    new Subject("LSTM", BenchNetworks::lstm, 32, DIGIT, DIGIT),
                    new Subject("MLP", BenchNetworks::mlp, 64, DIGIT * DIGIT)
                }) {
            all.put(s.name(), s);
        }
        return all;
    }

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(SEED).updater(new Adam(1e-3));
    }

    /** Two convolutions with a pooling each and two dense layers. */
    static Subject smallCnn(int batch, int channels, int side) {
        String name =
                channels == SMALL_CHANNELS && side == DIGIT
                        ? SMALL_CNN
                        : SMALL_CNN + " " + channels + " channels " + side + "x" + side;
        return new Subject(
                name,
                () -> {
                    NeuralNetConfiguration.ListBuilder net =
                            settings()
                                    .list()
                                    .layer(convolution(channels, Activation.RELU))
                                    .layer(maximum())
                                    .layer(convolution(2 * channels, Activation.RELU))
                                    .layer(maximum())
                                    .layer(dense(64))
                                    .layer(classes())
                                    .setInputType(InputType.convolutional(side, side, 1));
                    return graph(net);
                },
                batch,
                1,
                side,
                side);
    }

    /**
     * A residual network of {@code 6 blocks + 2} layers.
     *
     * @param blocks in each of the three stages
     */
    static Subject resNet(int blocks, int batch) {
        return new Subject(
                "ResNet-" + (6 * blocks + 2), () -> residual(blocks), batch, 3, PICTURE, PICTURE);
    }

    private static ComputationGraph residual(int blocks) {
        GraphBuilder g = settings().graphBuilder().addInputs("in");
        String x = normalized(g, "first", "in", 16, 1, true);
        for (int stage = 0; stage < 3; stage++) {
            int channels = 16 << stage;
            for (int block = 0; block < blocks; block++) {
                boolean smaller = stage > 0 && block == 0;
                int stride = smaller ? 2 : 1;
                String name = "s" + stage + "b" + block;
                String a = normalized(g, name + "a", x, channels, stride, true);
                String b = normalized(g, name + "b", a, channels, 1, false);
                String shortcut = x;
                if (smaller) {
                    g.addLayer(
                            name + "c",
                            new ConvolutionLayer.Builder(1, 1)
                                    .stride(2, 2)
                                    .nOut(channels)
                                    .activation(Activation.IDENTITY)
                                    .build(),
                            x);
                    shortcut = name + "c";
                }
                g.addVertex(
                        name + "sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), b, shortcut);
                x = name + "out";
                g.addLayer(x, new ActivationLayer(Activation.RELU), name + "sum");
            }
        }
        g.addLayer("pool", new GlobalPoolingLayer(PoolingType.AVG), x);
        g.addLayer("out", classes(), "pool").setOutputs("out");
        g.setInputTypes(InputType.convolutional(PICTURE, PICTURE, 3));
        return started(new ComputationGraph(g.build()));
    }

    private static String normalized(
            GraphBuilder g, String name, String from, int channels, int stride, boolean relu) {
        g.addLayer(
                name,
                new ConvolutionLayer.Builder(3, 3)
                        .stride(stride, stride)
                        .nOut(channels)
                        .hasBias(false)
                        .convolutionMode(ConvolutionMode.Same)
                        .activation(Activation.IDENTITY)
                        .build(),
                from);
        g.addLayer(name + "bn", new BatchNormalization(), name);
        if (!relu) {
            return name + "bn";
        }
        g.addLayer(name + "relu", new ActivationLayer(Activation.RELU), name + "bn");
        return name + "relu";
    }

    private static ComputationGraph separable() {
        NeuralNetConfiguration.ListBuilder net = settings().list();
        net.layer(convolution(16, Activation.RELU));
        for (int stage = 0; stage < 4; stage++) {
            net.layer(
                    new DepthwiseConvolution2D.Builder(3, 3)
                            .depthMultiplier(1)
                            .stride(1 + stage % 2, 1 + stage % 2)
                            .convolutionMode(ConvolutionMode.Same)
                            .activation(Activation.RELU)
                            .build());
            net.layer(
                    new ConvolutionLayer.Builder(1, 1)
                            .nOut(32 << (stage / 2))
                            .activation(Activation.RELU)
                            .build());
        }
        net.layer(new GlobalPoolingLayer(PoolingType.AVG));
        net.layer(classes());
        return graph(net.setInputType(InputType.convolutional(PICTURE, PICTURE, 3)));
    }

    private static ComputationGraph lstm() {
        return graph(
                settings()
                        .list()
                        .layer(new LastTimeStep(new LSTM.Builder().nOut(64).build()))
                        .layer(classes())
                        .setInputType(InputType.recurrent(DIGIT, DIGIT)));
    }

    private static ComputationGraph mlp() {
        return graph(
                settings()
                        .list()
                        .layer(dense(256))
                        .layer(dense(128))
                        .layer(classes())
                        .setInputType(InputType.feedForward(DIGIT * DIGIT)));
    }

    private static ComputationGraph leNet() {
        LeNet zoo =
                LeNet.builder().numClasses(CLASSES).inputShape(new int[] {1, DIGIT, DIGIT}).build();
        return ((MultiLayerNetwork) zoo.init()).toComputationGraph();
    }

    private static ComputationGraph graph(NeuralNetConfiguration.ListBuilder layers) {
        MultiLayerNetwork net = new MultiLayerNetwork(layers.build());
        net.init();
        return net.toComputationGraph();
    }

    private static ComputationGraph started(ComputationGraph net) {
        net.init();
        return net;
    }

    private static ConvolutionLayer convolution(int channels, Activation f) {
        return new ConvolutionLayer.Builder(3, 3)
                .nOut(channels)
                .convolutionMode(ConvolutionMode.Same)
                .activation(f)
                .build();
    }

    private static SubsamplingLayer maximum() {
        return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build();
    }

    private static DenseLayer dense(int outputs) {
        return new DenseLayer.Builder().nOut(outputs).activation(Activation.RELU).build();
    }

    private static OutputLayer classes() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }
}
