package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.layers.Nets.Kind;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;

class QuantAutoEncoderTest extends QuantLayerContractTest {

    @Override
    Layer stock() {
        return new AutoEncoder.Builder().nOut(5).activation(Activation.SIGMOID).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantAutoEncoder.of((AutoEncoder) stock(), quantization);
    }

    @Override
    boolean foldsBatchNorm() {
        return false;
    }

    @Test
    void biasOfTheDecodingHalf_staysAsItIs() {
        Model net = net(Kind.MULTI_LAYER, settings().l2(0).l1(0), quantization());
        org.deeplearning4j.nn.api.Layer layer = Nets.layer(net, "subject");
        layer.getParam("vb").assign(0.5);
        INDArray before = layer.getParam("b").dup();
        Nets.fit(net, batch(5));
        assertThat(layer.getParam("vb").minNumber().doubleValue()).isEqualTo(0.5);
        assertThat(layer.getParam("vb").maxNumber().doubleValue()).isEqualTo(0.5);
        assertThat(layer.getParam("b")).isNotEqualTo(before);
        assertThat(layer.isPretrainLayer()).isFalse();
    }
}
