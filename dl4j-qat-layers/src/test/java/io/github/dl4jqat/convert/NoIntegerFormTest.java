package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.QuantActivationLayer;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantGlobalPoolingLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.QuantSubsamplingLayer;
import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Hand-written layers whose function has no integer form: refused, never converted wrongly. */
class NoIntegerFormTest {

    private static final INDArray X =
            Nd4j.createFromArray(
                    new float[][] {{0.1f, -0.7f, 0.4f}, {0.9f, 0.2f, -0.3f}, {0, 0.5f, 1}});

    private static MultiLayerNetwork calibrated(boolean ownLayer) {
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder().seed(3).list();
        list.layer(
                new QuantDenseLayer.Builder()
                        .nIn(3)
                        .nOut(4)
                        .activation(ownLayer ? Activation.IDENTITY : Activation.SOFTMAX)
                        .inputQuant(Quantizers.uint8PerTensor())
                        .build());
        if (ownLayer) {
            list.layer(
                    QuantActivationLayer.of(
                            new ActivationLayer(Activation.SOFTMAX), LayerQuantization.int8()));
        }
        list.layer(new QuantOutputLayer.Builder().nIn(4).nOut(2).build());
        MultiLayerNetwork net = new MultiLayerNetwork(list.build());
        net.init();
        DataSet batch = new DataSet(X, Nd4j.zeros(3, 2).putScalar(0, 0, 1));
        Qat.calibrate(net, new ListDataSetIterator<>(List.of(batch), 3), 1);
        return net;
    }

    @Test
    void hiddenSoftmax_isEvaluatedInFloat_andNotConverted() {
        for (boolean ownLayer : new boolean[] {false, true}) {
            MultiLayerNetwork net = calibrated(ownLayer);
            INDArray softmax = net.feedForward(X, false).get(ownLayer ? 2 : 1);
            for (int row = 0; row < 3; row++) {
                assertThat(softmax.getRow(row).sumNumber().doubleValue()).isBetween(0.97, 1.03);
            }
            assertThatThrownBy(() -> Qat.convert(net))
                    .isInstanceOf(UnsupportedLayerException.class)
                    .hasMessageContaining("is not elementwise");
        }
    }

    @Test
    void poolingThatComputesNothingNew_hasNoQuantizedTwin() {
        PoolingType type = PoolingType.MAX;
        assertThatThrownBy(
                        () ->
                                QuantGlobalPoolingLayer.of(
                                        new GlobalPoolingLayer.Builder(type).build(),
                                        LayerQuantization.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has pooling " + type);
        SubsamplingLayer stock = new SubsamplingLayer.Builder().kernelSize(2, 2).build();
        stock.setPoolingType(type);
        assertThatThrownBy(() -> QuantSubsamplingLayer.of(stock, LayerQuantization.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has pooling " + type);
    }
}
