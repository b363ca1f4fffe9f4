package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;

final class QuantSimpleRnnTest extends SequenceContractTest {

    @Override
    SimpleRnn stock() {
        return new SimpleRnn.Builder().nOut(4).activation(Activation.TANH).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantSimpleRnn.of(stock(), quantization);
    }

    @Override
    boolean hasMemory() {
        return false;
    }

    @Test
    void layerNormalization_isRefused_withAReason() {
        SimpleRnn normalized = new SimpleRnn.Builder().name("it").hasLayerNorm(true).build();
        assertThatThrownBy(() -> QuantSimpleRnn.of(normalized, LayerQuantization.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'it'")
                .hasMessageContaining("no integer form");
    }
}
