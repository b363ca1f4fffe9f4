package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Pooling over the steps of a sequence as pooling over an image of one column. Sequences with their
 * channels last are left to the float pass.
 */
record SequencePoolingExact(ExactForm image) implements ExactForm {

    static ExactForm of(SubsamplingLayer conf) {
        return conf.getCnn2dDataFormat() == CNN2DFormat.NHWC
                ? (steps, input, output, mode) -> null
                : new SequencePoolingExact(AveragePoolingExact.of(conf));
    }

    @Override
    public INDArray apply(
            INDArray steps, QuantParams input, QuantParams output, Requantization mode) {
        INDArray column =
                steps.dup('c').reshape('c', steps.size(0), steps.size(1), steps.size(2), 1);
        INDArray y = image.apply(column, input, output, mode);
        return y == null ? null : y.reshape('c', y.size(0), y.size(1), y.size(2));
    }
}
