package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.List;
import java.util.function.DoubleFunction;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A small convolutional network for digits, and the batches it trains on. Convolutions are 3 x 3
 * with ReLU and a 2 x 2 pooling after each; then dense layers. Only the convolutions' weights are
 * quantized.
 *
 * @param name on the command line
 * @param batch examples in a batch
 * @param stepsPerEpoch iterations that count as an epoch
 * @param shuffled whether each pass over the digits has its own order, or all that of the file
 * @param channels outputs of each convolution
 * @param same whether convolutions pad their input so that its size stays
 * @param pooling maximum or average
 * @param hidden outputs of a dense layer between convolutions and the classes; 0 for none
 * @param dense how dense weights start
 * @param inclusive whether weights exactly at an end of the range get a gradient
 * @param sgdRate usual peak of the learning rate of SGD
 */
public record Architecture(
        String name,
        int batch,
        int stepsPerEpoch,
        boolean shuffled,
        List<Integer> channels,
        boolean same,
        PoolingType pooling,
        int hidden,
        WeightInit dense,
        boolean inclusive,
        double sgdRate) {

    /** The network of the first author's earlier experiments, written in Keras. */
    public static final Architecture KERAS =
            new Architecture(
                    "keras",
                    128,
                    100,
                    false,
                    List.of(32, 64, 128),
                    false,
                    PoolingType.MAX,
                    0,
                    WeightInit.XAVIER_UNIFORM,
                    false,
                    1e-4);

    /** The one of the later experiments: the MNIST example of Flax. */
    public static final Architecture FLAX =
            new Architecture(
                    "flax",
                    600,
                    100,
                    true,
                    List.of(32, 64),
                    true,
                    PoolingType.AVG,
                    256,
                    WeightInit.LECUN_NORMAL,
                    true,
                    1e-3);

    private static final int SIDE = 28;
    private static final int CLASSES = 10;
    private static final int KERNEL = 3;

    /** Takes a copy. */
    public Architecture {
        channels = List.copyOf(channels);
    }

    /** The same network with other batches. */
    public Architecture withBatches(int newBatch, int newStepsPerEpoch) {
        return new Architecture(
                name,
                newBatch,
                newStepsPerEpoch,
                shuffled,
                channels,
                same,
                pooling,
                hidden,
                dense,
                inclusive,
                sgdRate);
    }

    /**
     * The bound of He's uniform initialization, which is the range of the quantized weights too.
     */
    static double range(long fanIn) {
        return Math.sqrt(6.0 / fanIn);
    }

    /** An untrained network; the same weights for the same seed and type. */
    MultiLayerNetwork network(
            QuantSpec spec,
            DoubleFunction<GradientEstimator> estimator,
            IUpdater updater,
            long seed,
            DataType type) {
        NeuralNetConfiguration.ListBuilder layers =
                new NeuralNetConfiguration.Builder()
                        .seed(seed)
                        .dataType(type)
                        .updater(updater)
                        .list();
        int inputs = 1;
        for (int outputs : channels) {
            layers.layer(convolution(inputs, outputs, spec, estimator));
            layers.layer(
                    new SubsamplingLayer.Builder(pooling).kernelSize(2, 2).stride(2, 2).build());
            inputs = outputs;
        }
        if (hidden > 0) {
            layers.layer(denseLayer(hidden, Activation.RELU));
        }
        layers.layer(denseLayer(CLASSES, Activation.IDENTITY));
        layers.layer(softmax());
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        layers.setInputType(InputType.convolutionalFlat(SIDE, SIDE, 1)).build());
        net.init();
        return net;
    }

    private QuantConvolutionLayer convolution(
            int inputs, int outputs, QuantSpec spec, DoubleFunction<GradientEstimator> estimator) {
        double range = range((long) inputs * KERNEL * KERNEL);
        return new QuantConvolutionLayer.Builder(KERNEL, KERNEL)
                .nOut(outputs)
                .convolutionMode(same ? ConvolutionMode.Same : ConvolutionMode.Truncate)
                .activation(Activation.RELU)
                .weightInit(WeightInit.RELU_UNIFORM)
                .quantization(
                        LayerQuantization.OFF
                                .withQuantizeBias(false)
                                .withWeight(
                                        TensorQuantization.weight(spec)
                                                .withEstimator(estimator.apply(range))))
                .build();
    }

    /** The softmax by itself, so that the layer before it gives the logits. */
    private static LossLayer softmax() {
        LossLayer loss =
                new LossLayer.Builder(LossFunction.MCXENT).activation(Activation.SOFTMAX).build();
        // Deeplearning4j warns of a layer with no outputs, and its builder has no word for it.
        loss.setNOut(CLASSES);
        return loss;
    }

    private DenseLayer denseLayer(int outputs, Activation activation) {
        return new DenseLayer.Builder()
                .nOut(outputs)
                .activation(activation)
                .weightInit(dense)
                .build();
    }
}
