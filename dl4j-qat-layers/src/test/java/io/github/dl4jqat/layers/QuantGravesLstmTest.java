package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.Activation;

@SuppressWarnings("deprecation") // Deeplearning4j would rather have LSTM, but networks have this
final class QuantGravesLstmTest extends SequenceContractTest {

    @Override
    GravesLSTM stock() {
        return new GravesLSTM.Builder()
                .nOut(4)
                .activation(Activation.TANH)
                .gateActivationFunction(Activation.HARDSIGMOID)
                .build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantGravesLSTM.of(stock(), quantization);
    }
}
