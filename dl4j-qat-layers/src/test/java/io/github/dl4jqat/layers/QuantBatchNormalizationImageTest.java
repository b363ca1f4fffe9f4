package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;

class QuantBatchNormalizationImageTest extends QuantBatchNormalizationTest {

    @Override
    InputType inputType() {
        return InputType.convolutional(5, 4, 2, CNN2DFormat.NCHW);
    }

    @Override
    Layer front() {
        return imageFront(CNN2DFormat.NCHW);
    }
}
