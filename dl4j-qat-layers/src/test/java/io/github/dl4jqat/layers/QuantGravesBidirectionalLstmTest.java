package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;

@SuppressWarnings("deprecation") // Deeplearning4j would rather have Bidirectional
final class QuantGravesBidirectionalLstmTest extends SequenceContractTest {

    @Override
    GravesBidirectionalLSTM stock() {
        return new GravesBidirectionalLSTM.Builder().nOut(4).activation(Activation.TANH).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantGravesBidirectionalLSTM.of(stock(), quantization);
    }

    /** The stock layer knows neither. */
    @Override
    boolean takesDropout() {
        return false;
    }

    @Test
    void parameters_areThoseOfBothLayers_andOneRange() {
        Model net = net(Nets.Kind.MULTI_LAYER, settings(), quantization());
        assertThat(List.copyOf(Nets.layer(net, "subject").paramTable().keySet()))
                .containsExactly(
                        "WF",
                        "RWF",
                        "bF",
                        "preActivationRangeF",
                        "outputRangeF",
                        "innerRangeF",
                        "WB",
                        "RWB",
                        "bB",
                        "preActivationRangeB",
                        "outputRangeB",
                        "innerRangeB",
                        "outputRange");
    }
}
