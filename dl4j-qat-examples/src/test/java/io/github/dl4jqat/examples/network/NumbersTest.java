package io.github.dl4jqat.examples.network;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;

/** {@link Numbers} tells weights, what quantizers learn and state apart. */
class NumbersTest {

    private static MultiLayerNetwork network(InputType in, List<Layer> layers) {
        NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder().list();
        layers.forEach(list::layer);
        list.layer(new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build());
        MultiLayerNetwork net = new MultiLayerNetwork(list.setInputType(in).build());
        net.init();
        return net;
    }

    private static Numbers of(MultiLayerNetwork net) {
        return Numbers.of(NetworkView.of(net));
    }

    private static MultiLayerNetwork dense() {
        Layer layer = new DenseLayer.Builder().nOut(3).activation(Activation.RELU).build();
        return network(InputType.feedForward(5), List.of(layer));
    }

    @Test
    void rangesAreNoWeights() {
        MultiLayerNetwork net = dense();
        assertThat(of(net)).isEqualTo(new Numbers(5 * 3 + 3 + 3 * 2 + 2, 0, 0));
        // of the input, before and behind the ReLU, and of the logits, three numbers each
        assertThat(of(Qat.prepare(net, QatConfig.int8())))
                .isEqualTo(new Numbers(5 * 3 + 3 + 3 * 2 + 2, 0, 12));
    }

    @Test
    void stepsAreLearned() {
        MultiLayerNetwork net = dense();
        QatConfig steps =
                QatConfig.builder()
                        .weightEstimator(GradientEstimators.lsq())
                        .activationEstimator(GradientEstimators.lsq())
                        .build();
        // a step for each of 3 + 2 channels, and for what the ReLU gives; input and logits have
        // none
        assertThat(of(Qat.prepare(net, steps)))
                .isEqualTo(new Numbers(5 * 3 + 3 + 3 * 2 + 2, 3 + 2 + 1, 12));
    }

    @Test
    void foldedBatchNormalizationHasFactorsAndStatistics() {
        MultiLayerNetwork net =
                network(
                        InputType.convolutional(4, 4, 1),
                        List.of(
                                new ConvolutionLayer.Builder(3, 3).nOut(2).build(),
                                new BatchNormalization()));
        Numbers floats = of(net);
        assertThat(floats.state()).isEqualTo(2 * 2);
        Numbers prepared = of(Qat.prepare(net, QatConfig.int8()));
        assertThat(prepared.weights()).isEqualTo(floats.weights());
        assertThat(prepared.learned()).isZero();
        assertThat(prepared.state()).isGreaterThan(floats.state());
    }

    @Test
    void layersInsideOthersAreCounted() {
        MultiLayerNetwork net =
                network(
                        InputType.recurrent(3, 4),
                        List.of(
                                new Bidirectional(new LSTM.Builder().nOut(4).build()),
                                new LastTimeStep(new LSTM.Builder().nOut(2).build())));
        Numbers floats = of(net);
        assertThat(floats).isEqualTo(new Numbers(net.numParams(), 0, 0));
        MultiLayerNetwork prepared = Qat.prepare(net, QatConfig.int8());
        Numbers quantized = of(prepared);
        assertThat(quantized.weights()).isEqualTo(floats.weights());
        assertThat(quantized.learned()).isZero();
        assertThat(quantized.state()).isEqualTo(prepared.numParams() - floats.weights());
    }
}
