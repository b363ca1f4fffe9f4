package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.nd4j.linalg.activations.Activation;

class QuantElementWiseMultiplicationLayerTest extends QuantLayerContractTest {

    @Override
    boolean sameOpsAsStock() {
        // The stock layer rounds the product before it adds the bias.
        return false;
    }

    @Override
    Layer stock() {
        return new ElementWiseMultiplicationLayer.Builder()
                .nIn(6)
                .nOut(6)
                .activation(Activation.SWISH)
                .build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantElementWiseMultiplicationLayer.of(
                (ElementWiseMultiplicationLayer) stock(), quantization);
    }
}
