package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;

final class QuantBidirectionalTest extends BidirectionalContractTest {

    @Override
    Bidirectional.Mode mode() {
        return Bidirectional.Mode.CONCAT;
    }

    @Override
    Layer inside() {
        return new LSTM.Builder().nOut(4).activation(Activation.TANH).build();
    }

    @Test
    void parameters_areThoseOfBothLayers() {
        Model net = net(Nets.Kind.MULTI_LAYER, settings(), quantization());
        assertThat(List.copyOf(Nets.layer(net, "subject").paramTable().keySet()))
                .containsExactlyElementsOf(
                        keys(
                                List.of(
                                        "W",
                                        "RW",
                                        "b",
                                        "preActivationRange",
                                        "outputRange",
                                        "innerRange")));
    }
}
