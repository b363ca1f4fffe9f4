package io.github.dl4jqat;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.prepare.QatConfig;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.SingletonDataSetIterator;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A step of training leaves no more behind than the step before. */
class StepMemoryTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int STEPS = 15;
    private static final int WINDOWS = 4;

    /** Of the heap; a step of Deeplearning4j itself takes some hundred kilobytes. */
    private static final double FLAT = 1.2;

    @ParameterizedTest
    @ValueSource(strings = {"identity", "lsq", "dsq", "quant-noise"})
    void bytesOfAStepStayTheSame(String estimator) {
        DataSet batch = batch();
        MultiLayerNetwork stock = new MultiLayerNetwork(configuration());
        stock.init();
        QatConfig config =
                QatConfig.builder()
                        .weightEstimator(GradientEstimators.named(estimator))
                        .activationEstimator(GradientEstimators.named(estimator))
                        .build();
        MultiLayerNetwork net = Qat.prepare(stock, config);
        Qat.calibrate(net, new SingletonDataSetIterator(batch), 1);
        steps(net, batch, 2 * STEPS);
        long workspaces = workspaces();
        double[] bytes = new double[WINDOWS];
        for (int window = 0; window < WINDOWS; window++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            steps(net, batch, STEPS);
            bytes[window] = (THREADS.getCurrentThreadAllocatedBytes() - before) / (double) STEPS;
        }
        assertThat(bytes[0]).isPositive();
        assertThat(bytes[WINDOWS - 1]).isLessThan(FLAT * bytes[0]);
        assertThat(workspaces()).isEqualTo(workspaces).isPositive();
    }

    private static void steps(MultiLayerNetwork net, DataSet batch, int steps) {
        for (int i = 0; i < steps; i++) {
            net.fit(batch);
        }
    }

    private static long workspaces() {
        long bytes = 0;
        for (MemoryWorkspace w : Nd4j.getWorkspaceManager().getAllWorkspacesForCurrentThread()) {
            bytes += w.getCurrentSize();
        }
        return bytes;
    }

    private static MultiLayerConfiguration configuration() {
        return new NeuralNetConfiguration.Builder()
                .seed(3)
                .updater(new Adam(1e-3))
                .list()
                .layer(
                        new ConvolutionLayer.Builder(3, 3)
                                .nOut(8)
                                .activation(Activation.RELU)
                                .build())
                .layer(new DenseLayer.Builder().nOut(16).activation(Activation.RELU).build())
                .layer(
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(4)
                                .activation(Activation.SOFTMAX)
                                .build())
                .setInputType(InputType.convolutional(10, 10, 1))
                .build();
    }

    private static DataSet batch() {
        Random random = new Random(4);
        INDArray x = Nd4j.create(8, 1, 10, 10);
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, random.nextDouble());
        }
        INDArray labels = Nd4j.zeros(8, 4);
        for (int i = 0; i < 8; i++) {
            labels.putScalar(i, random.nextInt(4), 1);
        }
        return new DataSet(x, labels);
    }
}
