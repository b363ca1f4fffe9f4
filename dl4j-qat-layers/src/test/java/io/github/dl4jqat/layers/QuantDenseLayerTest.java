package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.activations.Activation;

class QuantDenseLayerTest extends QuantLayerContractTest {

    @Override
    Layer stock() {
        return new DenseLayer.Builder().nOut(5).activation(Activation.ELU).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return new QuantDenseLayer.Builder()
                .nOut(5)
                .activation(Activation.ELU)
                .quantization(quantization)
                .build();
    }
}
