package io.github.dl4jqat.prepare;

import java.io.File;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;

/**
 * A program that knows Deeplearning4j and nothing else: trains a chain and a graph and saves them
 * with what their updaters remember, the chain once more with the normalizer of its data. Started
 * by a test on a class path of its own.
 */
public final class StockTrainer {

    private static final int EXAMPLES = 8;
    private static final int CLASSES = 3;
    private static final int SIZE = 6;
    private static final int CHANNELS = 2;
    private static final int STEPS = 3;

    private StockTrainer() {}

    /**
     * Runs.
     *
     * @param args the folder for zips, data and outputs
     */
    public static void main(String[] args) throws Exception {
        requireAbsent();
        File dir = new File(args[0]);
        INDArray y = Nd4j.zeros(EXAMPLES, CLASSES);
        for (int i = 0; i < EXAMPLES; i++) {
            y.putScalar(i, i % CLASSES, 1);
        }
        DataSet raw = new DataSet(features(), y);
        Nd4j.saveBinary(raw.getFeatures(), new File(dir, "x.bin"));
        Nd4j.saveBinary(y, new File(dir, "labels.bin"));
        NormalizerStandardize normalizer = new NormalizerStandardize();
        normalizer.fit(raw);
        DataSet normalized = raw.copy();
        normalizer.transform(normalized);

        MultiLayerNetwork chain = chain();
        for (int i = 0; i < STEPS; i++) {
            chain.fit(normalized);
        }
        save(chain, dir, "chain", chain.output(normalized.getFeatures()));
        save(chain, dir, "normalized", chain.output(normalized.getFeatures()));
        ModelSerializer.addNormalizerToModel(new File(dir, "normalized.zip"), normalizer);
        ComputationGraph graph = graph();
        for (int i = 0; i < STEPS; i++) {
            graph.fit(normalized);
        }
        save(graph, dir, "graph", graph.outputSingle(normalized.getFeatures()));
    }

    private static void requireAbsent() {
        try {
            Class.forName("io.github.dl4jqat.Qat");
        } catch (ClassNotFoundException expected) {
            return;
        }
        throw new IllegalStateException("the library is on this class path");
    }

    /** Far from zero and wide, so that it matters whether they were normalized. */
    private static INDArray features() {
        Random random = new Random(3);
        INDArray x = Nd4j.create(EXAMPLES, CHANNELS, SIZE, SIZE);
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, 100 + 40 * random.nextGaussian());
        }
        return x;
    }

    private static void save(Model net, File dir, String name, INDArray output) throws Exception {
        ModelSerializer.writeModel(net, new File(dir, name + ".zip"), true);
        Nd4j.saveBinary(output, new File(dir, name + ".bin"));
    }

    private static ConvolutionLayer convolution(int out, Activation f) {
        return new ConvolutionLayer.Builder(3, 3)
                .nOut(out)
                .convolutionMode(ConvolutionMode.Same)
                .activation(f)
                .build();
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    private static MultiLayerNetwork chain() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(4)
                                .updater(new Adam(1e-2))
                                .list()
                                .layer(convolution(4, Activation.IDENTITY))
                                .layer(new BatchNormalization())
                                .layer(new ActivationLayer(Activation.RELU))
                                .layer(new SubsamplingLayer.Builder(2, 2).stride(2, 2).build())
                                .layer(
                                        new DenseLayer.Builder()
                                                .nOut(6)
                                                .activation(Activation.TANH)
                                                .build())
                                .layer(output())
                                .setInputType(InputType.convolutional(SIZE, SIZE, CHANNELS))
                                .build());
        net.init();
        return net;
    }

    private static ComputationGraph graph() {
        ComputationGraph net =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .updater(new Nesterovs(1e-2, 0.9))
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer("a", convolution(4, Activation.RELU), "in")
                                .addLayer("b", convolution(4, Activation.IDENTITY), "a")
                                .addVertex(
                                        "sum",
                                        new ElementWiseVertex(ElementWiseVertex.Op.Add),
                                        "a",
                                        "b")
                                .addLayer(
                                        "pool",
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                                        "sum")
                                .addLayer("out", output(), "pool")
                                .setOutputs("out")
                                .setInputTypes(InputType.convolutional(SIZE, SIZE, CHANNELS))
                                .build());
        net.init();
        return net;
    }
}
