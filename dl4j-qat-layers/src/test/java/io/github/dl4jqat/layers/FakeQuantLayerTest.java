package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.Activation;

class FakeQuantLayerTest extends QuantLayerContractTest {

    @Override
    ActivationLayer stock() {
        return new ActivationLayer(Activation.IDENTITY);
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return new FakeQuantLayer.Builder().quantization(quantization).build();
    }
}
