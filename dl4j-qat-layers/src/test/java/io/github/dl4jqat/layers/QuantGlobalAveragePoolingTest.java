package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;

class QuantGlobalAveragePoolingTest extends QuantLayerContractTest {

    @Override
    InputType inputType() {
        return InputType.convolutional(5, 6, 2);
    }

    @Override
    Layer front() {
        return imageFront(CNN2DFormat.NCHW);
    }

    @Override
    GlobalPoolingLayer stock() {
        return new GlobalPoolingLayer.Builder(PoolingType.AVG).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantGlobalPoolingLayer.of(stock(), quantization);
    }
}
