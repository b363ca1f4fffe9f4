package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.layers.Nets.Kind;
import org.assertj.core.data.Offset;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class QuantCenterLossOutputLayerTest extends QuantLayerContractTest {

    private static final double LAMBDA = 0.25;

    private static CenterLossOutputLayer.Builder builder() {
        return new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .alpha(1)
                .lambda(LAMBDA)
                .activation(Activation.SOFTMAX);
    }

    @Override
    Layer stock() {
        return builder().gradientCheck(true).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantCenterLossOutputLayer.of((CenterLossOutputLayer) stock(), quantization);
    }

    @Override
    LayerQuantization quantization() {
        // The logits are what is quantized; there is nothing before the activation function.
        return super.quantization().withPreActivation(null);
    }

    private static INDArray squared(INDArray x) {
        return x.mul(x);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 1})
    void centers_moveTowardsTheExamplesOfTheirClass(double alpha) {
        QuantCenterLossOutputLayer layer =
                QuantCenterLossOutputLayer.of(builder().alpha(alpha).build(), quantization());
        layer.setLayerName("subject");
        Model net =
                Nets.chain(
                        Kind.MULTI_LAYER,
                        settings(DataType.FLOAT, new Sgd(0)),
                        inputType(),
                        java.util.List.of(front(), layer));
        DataSet data = batch(5);
        data.getLabels().assign(0);
        for (int i = 0; i < 5; i++) {
            data.getLabels().putScalar(i, i < 3 ? 2 : 0, 1);
        }
        INDArray centers = Nets.layer(net, "subject").getParam("cL");
        centers.getRow(2).assign(0.5);
        Nets.fit(net, data);
        INDArray x = ((MultiLayerNetwork) net).feedForward(data.getFeatures(), true).get(1);
        for (int i = 0; i < 6; i++) {
            double pull = 0;
            for (int example = 0; example < 3; example++) {
                pull += 0.5 - x.getDouble(example, i);
            }
            // Deeplearning4j divides every gradient by the size of the batch.
            assertThat(centers.getDouble(2, i))
                    .isCloseTo(0.5 - alpha * pull / (1 + 3) / 5, Offset.offset(1e-5));
            assertThat(centers.getDouble(1, i)).as("a class without examples").isZero();
        }
    }

    @Test
    void scoreOfAnExample_containsItsDistanceToTheCenter() {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        net(Kind.MULTI_LAYER, settings(DataType.FLOAT, new Sgd(0)), quantization());
        DataSet data = batch(4);
        net.fit(data);
        net.getLayer("subject").getParam("cL").assign(0);
        INDArray x = net.feedForward(data.getFeatures(), false).get(2);
        INDArray near = net.scoreExamples(data, false);
        net.getLayer("subject").getParam("cL").assign(0.75);
        INDArray far = net.scoreExamples(data, false);
        for (int i = 0; i < 4; i++) {
            double before = squared(x.getRow(i)).sumNumber().doubleValue();
            double after = squared(x.getRow(i).sub(0.75)).sumNumber().doubleValue();
            assertThat(far.getDouble(i) - near.getDouble(i))
                    .isCloseTo(LAMBDA / 2 * (after - before), Offset.offset(1e-4));
        }
    }
}
