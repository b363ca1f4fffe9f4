package io.github.dl4jqat;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Small graphs of convolutions, and the way from one to a compared integer network. */
public final class GraphNets {

    /** Height and width of the images. */
    public static final int SIZE = 6;

    /** Labels of the networks that {@link #ended} finishes. */
    public static final int CLASSES = 3;

    private GraphNets() {}

    /** A graph whose convolutions keep the size of an image. */
    public static GraphBuilder graph(DataType type, String... inputs) {
        return new NeuralNetConfiguration.Builder()
                .seed(12)
                .dataType(type)
                .updater(new Adam(1e-3))
                .weightInit(WeightInit.RELU)
                .convolutionMode(ConvolutionMode.Same)
                .graphBuilder()
                .addInputs(inputs);
    }

    /** A graph of floats. */
    public static GraphBuilder graph(String... inputs) {
        return graph(DataType.FLOAT, inputs);
    }

    /** A convolution of 3 x 3. */
    public static ConvolutionLayer conv(int n, Activation f) {
        return new ConvolutionLayer.Builder(3, 3).nOut(n).activation(f).build();
    }

    /** A dense layer. */
    public static DenseLayer dense(int n, Activation f) {
        return new DenseLayer.Builder().nOut(n).activation(f).build();
    }

    /** A softmax over {@link #CLASSES}. */
    public static OutputLayer classes() {
        return new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    /** The graph with average pooling and a softmax behind a node that gives images. */
    public static ComputationGraph ended(GraphBuilder b, String last, InputType... inputs) {
        return built(
                b.addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), last)
                        .addLayer("out", classes(), "pool")
                        .setOutputs("out"),
                inputs);
    }

    /** The graph of images with three channels. */
    public static ComputationGraph ended(GraphBuilder b, String last) {
        return ended(b, last, image(3));
    }

    /** The initialized network. */
    public static ComputationGraph built(GraphBuilder b, InputType... inputs) {
        if (inputs.length > 0) {
            b.setInputTypes(inputs);
        }
        ComputationGraph net = new ComputationGraph(b.build());
        net.init();
        return net;
    }

    /** The type of an image. */
    public static InputType image(int channels) {
        return InputType.convolutional(SIZE, SIZE, channels);
    }

    /** Shape of a batch of images. */
    public static long[] images(int channels) {
        return new long[] {4, channels, SIZE, SIZE};
    }

    /** Three batches of random inputs of these shapes, with random labels for one output. */
    public static MultiDataSetIterator data(Random random, long[]... shapes) {
        List<org.nd4j.linalg.dataset.api.MultiDataSet> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            INDArray[] x = new INDArray[shapes.length];
            for (int j = 0; j < x.length; j++) {
                x[j] = random(random, shapes[j]);
            }
            all.add(new MultiDataSet(x, new INDArray[] {labels(random, shapes[0][0])}));
        }
        return new ListMultiIterator(all);
    }

    /** Prepared, calibrated with two batches and trained with all. */
    public static ComputationGraph trained(
            ComputationGraph net, QatConfig config, MultiDataSetIterator data) {
        ComputationGraph qat = Qat.prepare(net, config);
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        return qat;
    }

    /** The whole way: both networks and both engines must agree to the last bit. */
    public static VerificationReport assertExact(
            ComputationGraph net, QatConfig config, MultiDataSetIterator data) {
        return assertConvertsExactly(trained(net, config, data), data);
    }

    /** A quantized network and its integer network must agree, and both engines. */
    public static VerificationReport assertConvertsExactly(
            ComputationGraph qat, MultiDataSetIterator data) {
        try (IntegerNetwork integer = Qat.convert(qat);
                IntegerNetwork java = integer.withEngine(EngineChoice.JAVA)) {
            VerificationReport report = Qat.verify(qat, integer, data);
            assertThat(report.exact()).as("%s", report).isTrue();
            data.reset();
            INDArray[] x = data.next().getFeatures();
            INDArray[] fast = integer.outputs(x);
            INDArray[] plain = java.outputs(x);
            for (int i = 0; i < fast.length; i++) {
                assertThat(fast[i]).isEqualTo(plain[i]);
            }
            data.reset();
            return report;
        }
    }

    /** Normal numbers. */
    public static INDArray random(Random random, long... shape) {
        INDArray x = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, random.nextGaussian());
        }
        return x;
    }

    /** One class for each example. */
    public static INDArray labels(Random random, long examples) {
        INDArray y = Nd4j.zeros(examples, CLASSES);
        for (int i = 0; i < examples; i++) {
            y.putScalar(i, random.nextInt(CLASSES), 1);
        }
        return y;
    }

    /** Batches from a list, as often as one likes. */
    private static final class ListMultiIterator implements MultiDataSetIterator {

        private static final long serialVersionUID = 1L;

        private final transient List<org.nd4j.linalg.dataset.api.MultiDataSet> batches;
        private int next;

        ListMultiIterator(List<org.nd4j.linalg.dataset.api.MultiDataSet> batches) {
            this.batches = batches;
        }

        @Override
        public boolean hasNext() {
            return next < batches.size();
        }

        @Override
        public org.nd4j.linalg.dataset.api.MultiDataSet next() {
            return batches.get(next++).copy();
        }

        @Override
        public org.nd4j.linalg.dataset.api.MultiDataSet next(int num) {
            return next();
        }

        @Override
        public void setPreProcessor(MultiDataSetPreProcessor preProcessor) {
            throw new UnsupportedOperationException("these batches are as the network wants them");
        }

        @Override
        public MultiDataSetPreProcessor getPreProcessor() {
            return null;
        }

        @Override
        public boolean resetSupported() {
            return true;
        }

        @Override
        public boolean asyncSupported() {
            return false;
        }

        @Override
        public void reset() {
            next = 0;
        }
    }
}
