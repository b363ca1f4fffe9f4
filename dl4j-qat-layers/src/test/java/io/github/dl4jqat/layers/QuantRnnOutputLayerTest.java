package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

final class QuantRnnOutputLayerTest extends SequenceContractTest {

    @Override
    Layer stock() {
        return new RnnOutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantRnnOutputLayer.of((RnnOutputLayer) stock(), quantization);
    }

    @Override
    LayerQuantization quantization() {
        return QuantLayerConfiguration.consecutiveOutput(super.quantization().withInner(null));
    }

    @Override
    boolean sameOpsAsStock() {
        return true;
    }

    private static LayerQuantization int8() {
        return LayerQuantization.int8()
                .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    private MultiLayerNetwork alone(DataType type, RNNFormat format) {
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        settings(type, new Sgd(0.1)),
                        InputType.recurrent(FEATURES, STEPS, format),
                        List.of(
                                QuantRnnOutputLayer.of(
                                        new RnnOutputLayer.Builder()
                                                .name("out")
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .dataFormat(format)
                                                .build(),
                                        int8())));
    }

    /** A time step of a sequence is an example of a plain output layer. */
    @Test
    void eachTimeStep_isAPlainOutputLayer() {
        MultiLayerNetwork net = alone(DataType.FLOAT, RNNFormat.NCW);
        MultiLayerNetwork plain =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(DataType.FLOAT, new Sgd(0.1)),
                                InputType.feedForward(FEATURES),
                                List.of(
                                        new QuantOutputLayer.Builder()
                                                .name("out")
                                                .nOut(CLASSES)
                                                .quantization(int8())
                                                .build()));
        net.fit(batch(5));
        plain.params().assign(net.params());
        INDArray x = batch(4).getFeatures();
        INDArray y = net.output(x).dup();
        for (int t = 0; t < STEPS; t++) {
            INDArray step = x.tensorAlongDimension(t, 0, 1).dup();
            assertThat(Nets.bits(plain.output(step)))
                    .isEqualTo(Nets.bits(y.tensorAlongDimension(t, 0, 1).dup()));
        }
    }

    @Test
    void channelsLast_trainsTheSame() {
        MultiLayerNetwork first = alone(DataType.FLOAT, RNNFormat.NCW);
        MultiLayerNetwork last = alone(DataType.FLOAT, RNNFormat.NWC);
        last.params().assign(first.params());
        for (int i = 0; i < 3; i++) {
            DataSet data = batch(5);
            first.fit(data);
            last.fit(
                    new DataSet(
                            data.getFeatures().permute(0, 2, 1).dup(),
                            data.getLabels().permute(0, 2, 1).dup()));
            assertThat(last.params().sub(first.params()).amaxNumber().doubleValue())
                    .isLessThan(1e-6);
        }
        last.params().assign(first.params());
        INDArray x = batch(3).getFeatures();
        assertThat(Nets.bits(last.output(x.permute(0, 2, 1).dup()).permute(0, 2, 1)))
                .isEqualTo(Nets.bits(first.output(x)));
    }

    /** What a mask hides, labels and logits alike, has no part in loss, gradients and range. */
    @Test
    void maskedTimeSteps_countForNothing() {
        MultiLayerNetwork net = alone(DataType.FLOAT, RNNFormat.NCW);
        DataSet data = batch(4);
        INDArray mask = Nd4j.ones(4, STEPS);
        mask.putScalar(1, STEPS - 1, 0);
        mask.putScalar(3, STEPS - 1, 0);
        mask.putScalar(3, 0, 0);
        DataSet masked = new DataSet(data.getFeatures(), data.getLabels(), null, mask);
        net.fit(masked);
        MultiLayerNetwork other = net.clone();
        DataSet changed = new DataSet(data.getFeatures().dup(), data.getLabels().dup(), null, mask);
        for (int[] at : new int[][] {{1, STEPS - 1}, {3, STEPS - 1}, {3, 0}}) {
            for (int i = 0; i < FEATURES; i++) {
                changed.getFeatures()
                        .putScalar(
                                new int[] {at[0], i, at[1]},
                                data.getFeatures().getFloat(at[0], i, at[1]) * 0.5f);
            }
            for (int c = 0; c < CLASSES; c++) {
                changed.getLabels().putScalar(new int[] {at[0], c, at[1]}, c == 0 ? 1 : 0);
            }
        }
        // Both ends of the input's range are in steps that count.
        for (DataSet d : List.of(masked, changed)) {
            d.getFeatures().putScalar(new int[] {0, 0, 0}, 1.2);
            d.getFeatures().putScalar(new int[] {0, 0, 1}, -1.2);
        }
        assertThat(net.score(masked)).isEqualTo(other.score(changed));
        net.fit(masked);
        other.fit(changed);
        assertThat(Nets.bits(other.params())).isEqualTo(Nets.bits(net.params()));
    }

    @Test
    void otherShapes_areRefused_withBoth() {
        MultiLayerNetwork net = alone(DataType.FLOAT, RNNFormat.NCW);
        assertThatThrownBy(() -> net.output(Nd4j.zeros(2, FEATURES + 1, 3)))
                .hasMessageContaining("[batch, 4, time]")
                .hasMessageContaining("[2, 5, 3]");
        assertThatThrownBy(
                        () ->
                                net.fit(
                                        new DataSet(
                                                Nd4j.zeros(2, FEATURES, 3),
                                                Nd4j.zeros(2, CLASSES, 4))))
                .hasMessageContaining("same length");
    }
}
