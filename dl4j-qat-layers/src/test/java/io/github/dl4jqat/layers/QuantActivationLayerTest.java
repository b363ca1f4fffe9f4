package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.Activation;

class QuantActivationLayerTest extends QuantLayerContractTest {

    @Override
    ActivationLayer stock() {
        return new ActivationLayer(Activation.SIGMOID);
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantActivationLayer.of(stock(), quantization);
    }
}
