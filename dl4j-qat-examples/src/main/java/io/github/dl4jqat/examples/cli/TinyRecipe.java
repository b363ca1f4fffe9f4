package io.github.dl4jqat.examples.cli;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/**
 * A network for microcontrollers: three convolutions that halve the picture each, no pooling, 7,486
 * parameters. Its largest activation has 1,568 numbers.
 */
final class TinyRecipe {

    private TinyRecipe() {}

    /** An untrained network of stock layers for 28 x 28 pictures of ten classes. */
    static MultiLayerNetwork network(long seed, int iterations) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(seed)
                                .weightInit(WeightInit.RELU)
                                .updater(new Adam(LeNetRecipe.training(iterations)))
                                .convolutionMode(ConvolutionMode.Same)
                                .list()
                                .layer(halving("cnn1", 5, 8))
                                .layer(halving("cnn2", 3, 16))
                                .layer(halving("cnn3", 3, 20))
                                .layer(
                                        new OutputLayer.Builder(
                                                        LossFunctions.LossFunction
                                                                .NEGATIVELOGLIKELIHOOD)
                                                .name("output")
                                                .nOut(10)
                                                .weightInit(WeightInit.XAVIER)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .setInputType(InputType.convolutionalFlat(28, 28, 1))
                                .build());
        net.init();
        return net;
    }

    private static ConvolutionLayer halving(String name, int kernel, int filters) {
        return new ConvolutionLayer.Builder(kernel, kernel)
                .name(name)
                .stride(2, 2)
                .nOut(filters)
                .activation(Activation.RELU)
                .build();
    }
}
