package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.NoOp;

/** The backward pass computes functions again, but only those that give the same numbers again. */
@ExtendWith(Seeds.class)
class RepeatedActivationTest {

    private static final int IN = 6;
    private static final int OUT = 5;
    private static final int EXAMPLES = 9;

    /** A function of somebody else: nobody knows whether it repeats itself. */
    private static final class Foreign extends BaseActivationFunction {
        private static final long serialVersionUID = 1L;

        private final transient IActivation inside;
        private int runs;

        Foreign(IActivation inside) {
            this.inside = inside;
        }

        @Override
        public INDArray getActivation(INDArray in, boolean training) {
            runs++;
            return inside.getActivation(in, training);
        }

        @Override
        public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
            return inside.backprop(in, epsilon);
        }
    }

    private static MultiLayerNetwork net(
            DataType type, IActivation f, String estimator, boolean before, boolean output) {
        TensorQuantization plain = TensorQuantization.activation(Quantizers.uint8PerTensor());
        TensorQuantization last = plain.withEstimator(GradientEstimators.named(estimator));
        LayerQuantization q =
                LayerQuantization.int8()
                        .withInput(plain)
                        .withOutput(output ? last : null)
                        .withPreActivation(before ? plain : null);
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .dataType(type)
                                .updater(new NoOp())
                                .list()
                                .layer(
                                        new QuantDenseLayer.Builder()
                                                .nIn(IN)
                                                .nOut(OUT)
                                                .activation(f)
                                                .quantization(q)
                                                .build())
                                .layer(
                                        new OutputLayer.Builder()
                                                .nIn(OUT)
                                                .nOut(2)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .build());
        net.init();
        return net;
    }

    private static Map<String, INDArray> gradients(MultiLayerNetwork net, INDArray x, INDArray y) {
        var gradients = net.calculateGradients(x.dup(), y, null, null);
        Map<String, INDArray> all = gradients.getFirst().gradientForVariable();
        all.put("x", gradients.getSecond());
        return all;
    }

    /** A function that clamps has no quantizer before it, one of somebody else has. */
    @ParameterizedTest
    @CsvSource({
        "LEAKYRELU, clipped, true, true",
        "LEAKYRELU, clipped, true, false",
        "LEAKYRELU, clipped, false, true",
        "SWISH, lsq, true, true",
        "ELU, dsq, true, true",
        "TANH, quant-noise, true, true",
        "RELU6, clipped, false, true",
        "HARDTANH, clipped, false, false",
        "THRESHOLDEDRELU, clipped, true, true",
        "CUBE, identity, true, true"
    })
    void givesTheGradients_ofAFunctionWhoseValuesAreKept(
            Activation f, String estimator, boolean before, boolean output, Random random) {
        Foreign kept = new Foreign(f.getActivationFunction());
        INDArray x = Nets.random(random, DataType.DOUBLE, EXAMPLES, IN);
        INDArray y = Nets.labels(random, DataType.DOUBLE, EXAMPLES, 2);
        Map<String, INDArray> expected =
                gradients(net(DataType.DOUBLE, kept, estimator, before, output), x, y);
        assertThat(kept.runs).isEqualTo(1);
        MultiLayerNetwork again =
                net(DataType.DOUBLE, f.getActivationFunction(), estimator, before, output);
        Map<String, INDArray> actual = gradients(again, x, y);
        assertThat(actual.get("0_W").amaxNumber().doubleValue()).isPositive();
        actual.forEach(
                (key, g) ->
                        assertThat(g.dup().data().asDouble())
                                .as(key)
                                .containsExactly(expected.get(key).dup().data().asDouble()));
    }

    @Test
    void randomSlopes_areDrawnOnce(Random random) {
        int[] runs = {0};
        ActivationRReLU slopes =
                new ActivationRReLU() {
                    private static final long serialVersionUID = 1L;

                    @Override
                    public INDArray getActivation(INDArray in, boolean training) {
                        runs[0]++;
                        return super.getActivation(in, training);
                    }
                };
        INDArray x = Nets.random(random, DataType.FLOAT, EXAMPLES, IN);
        gradients(
                net(DataType.FLOAT, slopes, "clipped", true, true),
                x,
                Nets.labels(random, DataType.FLOAT, EXAMPLES, 2));
        assertThat(runs[0]).isEqualTo(1);
    }
}
