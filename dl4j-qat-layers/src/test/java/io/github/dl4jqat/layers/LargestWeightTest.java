package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** The largest weight of a channel lies on the end of its range, not beyond, and is trained. */
class LargestWeightTest {

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void noWeightIsOutsideARangeThatIsItsOwn(DataType type) {
        assertThat(weightGradient(type, GradientEstimators.clipped()))
                .isEqualTo(weightGradient(type, GradientEstimators.identity()));
    }

    private static INDArray weightGradient(DataType type, GradientEstimator estimator) {
        TensorQuantization weights =
                TensorQuantization.weight(Quantizers.int8PerChannel()).withEstimator(estimator);
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .dataType(type)
                                .list()
                                .layer(
                                        new QuantOutputLayer.Builder(LossFunction.MSE)
                                                .nIn(4)
                                                .nOut(300)
                                                .activation(Activation.IDENTITY)
                                                .quantization(
                                                        LayerQuantization.OFF.withWeight(weights))
                                                .build())
                                .build());
        net.init();
        net.setInput(Nets.random(new Random(1), type, 6, 4));
        net.setLabels(Nets.random(new Random(2), type, 6, 300));
        net.computeGradientAndScore();
        return net.gradient().getGradientFor("0_W");
    }
}
