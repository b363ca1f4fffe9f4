package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;

final class QuantBidirectionalAverageTest extends BidirectionalContractTest {

    @Override
    Bidirectional.Mode mode() {
        return Bidirectional.Mode.AVERAGE;
    }

    @Override
    Layer inside() {
        return new SimpleRnn.Builder().nOut(4).activation(Activation.TANH).build();
    }

    @Override
    boolean hasMemory() {
        return false;
    }

    @Test
    void parameters_areThoseOfBothLayers_andOneRange() {
        Model net = net(Nets.Kind.MULTI_LAYER, settings(), quantization());
        assertThat(List.copyOf(Nets.layer(net, "subject").paramTable().keySet()))
                .containsExactlyElementsOf(
                        keys(
                                List.of("W", "RW", "b", "preActivationRange", "outputRange"),
                                "outputRange"));
    }
}
