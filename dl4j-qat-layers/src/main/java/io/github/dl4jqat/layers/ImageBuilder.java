package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.util.ValidationUtils;

/**
 * What the builders of quantized 2-D convolutions share: a window, a data format and {@link
 * QuantOptions}.
 *
 * @param <T> the builder
 */
abstract class ImageBuilder<T extends ImageBuilder<T>> extends ConvolutionLayer.BaseConvBuilder<T>
        implements QuantOptions<T> {

    private CNN2DFormat dataFormat = CNN2DFormat.NCHW;
    private LayerQuantization quantization;

    ImageBuilder(LayerQuantization quantization, int... kernelSize) {
        super(kernelSize);
        this.quantization = quantization;
    }

    /** Data format of input and output; default NCHW. */
    public T dataFormat(CNN2DFormat format) {
        dataFormat = format;
        return self();
    }

    final CNN2DFormat format() {
        return dataFormat;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    @Override
    public T quantization(LayerQuantization newQuantization) {
        quantization = newQuantization;
        return self();
    }

    @SuppressWarnings("unchecked")
    private T self() {
        return (T) this;
    }

    @Override
    protected boolean allowCausal() {
        return false;
    }

    @Override
    public void setKernelSize(int[] size) {
        kernelSize = ValidationUtils.validate2NonNegative(size, false, "kernelSize");
    }

    @Override
    public void setStride(int[] newStride) {
        stride = ValidationUtils.validate2NonNegative(newStride, false, "stride");
    }

    @Override
    public void setPadding(int[] newPadding) {
        padding = ValidationUtils.validate2NonNegative(newPadding, false, "padding");
    }

    @Override
    public void setDilation(int[] newDilation) {
        dilation = ValidationUtils.validate2NonNegative(newDilation, false, "dilation");
    }
}
