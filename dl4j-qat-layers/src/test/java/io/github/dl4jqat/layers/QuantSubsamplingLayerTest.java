package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;

class QuantSubsamplingLayerTest extends QuantLayerContractTest {

    @Override
    InputType inputType() {
        return InputType.convolutional(7, 7, 2);
    }

    @Override
    Layer front() {
        return imageFront(CNN2DFormat.NCHW);
    }

    @Override
    SubsamplingLayer stock() {
        return new SubsamplingLayer.Builder(PoolingType.AVG)
                .kernelSize(3, 3)
                .stride(2, 2)
                .padding(1, 1)
                .build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return QuantSubsamplingLayer.of(stock(), quantization);
    }
}
