package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.Activation;

final class QuantLstmTest extends SequenceContractTest {

    @Override
    LSTM stock() {
        return new LSTM.Builder().nOut(4).activation(Activation.TANH).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantLSTM.of(stock(), quantization);
    }
}
