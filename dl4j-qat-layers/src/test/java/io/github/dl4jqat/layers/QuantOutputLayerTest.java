package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class QuantOutputLayerTest extends QuantLayerContractTest {

    @Override
    Layer stock() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return new QuantOutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .quantization(quantization)
                .build();
    }

    @Override
    LayerQuantization quantization() {
        // The logits are what is quantized; there is nothing before the activation function.
        return super.quantization().withPreActivation(null);
    }
}
