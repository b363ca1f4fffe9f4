package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.util.ConvolutionUtils;
import org.deeplearning4j.util.ValidationUtils;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A 2-D convolution with fake-quantized weights, bias and output: {@code y = Q(f(conv(x, Q(W)) +
 * Q(b)))}.
 *
 * <p>Shapes: input {@code [batch, nIn, h, w]} (or {@code [batch, h, w, nIn]} in NHWC), {@code W
 * [nOut, nIn, kH, kW]} with one scale for each output where the granularity is per channel, {@code
 * b [nOut]}.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized. They
 * are not trained by the updater. Then what the estimators learn, such as {@code weightScale}, with
 * the layer's updater, and the state of weights that are frozen one by one.
 *
 * <pre>
 *   new QuantConvolutionLayer.Builder(5, 5).nOut(20).stride(1, 1).activation(Activation.RELU)
 *           .weightQuant(Quantizers.int8PerChannel())
 *           .inputQuant(Quantizers.uint8PerTensor())        // first layer of the network
 *           .outputQuant(Quantizers.uint8PerTensor())
 *           .build()
 * </pre>
 */
public class QuantConvolutionLayer extends ConvolutionLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantConvolutionLayer() {}

    private QuantConvolutionLayer(Builder builder) {
        super(builder);
        setCnn2dDataFormat(builder.dataFormat);
        quantization = builder.quantization;
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        LayerValidation.assertNInNOutSet(
                "QuantConvolutionLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new ConvolutionOp(this)),
                listeners,
                index,
                paramsView,
                initializeParams);
    }

    @Override
    public ParamInitializer initializer() {
        return new QuantParamInitializer(super.initializer());
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        IUpdater own = QuantParamInitializer.updater(this, paramName);
        return own == null ? super.getUpdaterByParam(paramName) : own;
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        List<Regularization> own = QuantParamInitializer.regularization(this, paramName);
        return own == null ? super.getRegularizationByParam(paramName) : own;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization = quantization == null ? LayerQuantization.OFF : quantization;
    }

    @Override
    public QuantConvolutionLayer clone() {
        return (QuantConvolutionLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantConvolutionLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantConvolutionLayer quantConvolutionLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantConvolutionLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantConvolutionLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }

    /** The stock options of a convolution, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends BaseConvBuilder<Builder> implements QuantOptions<Builder> {

        private CNN2DFormat dataFormat = CNN2DFormat.NCHW;
        private LayerQuantization quantization = LayerQuantization.int8();

        /** A convolution of that kernel size {@code (h, w)}. */
        public Builder(int... kernelSize) {
            super(kernelSize);
        }

        /** A convolution of that kernel size and stride. */
        public Builder(int[] kernelSize, int[] stride) {
            super(kernelSize, stride);
        }

        /** A convolution of that kernel size, stride and padding. */
        public Builder(int[] kernelSize, int[] stride, int[] padding) {
            super(kernelSize, stride, padding);
        }

        @Override
        protected boolean allowCausal() {
            return false;
        }

        /** Kernel size {@code (h, w)}. */
        @Override
        public Builder kernelSize(int... size) {
            setKernelSize(size);
            return this;
        }

        /** Stride {@code (h, w)}. */
        @Override
        public Builder stride(int... newStride) {
            setStride(newStride);
            return this;
        }

        /** Padding {@code (h, w)}; not used in mode Same. */
        @Override
        public Builder padding(int... newPadding) {
            setPadding(newPadding);
            return this;
        }

        /** Data format of input and output; default NCHW. */
        public Builder dataFormat(CNN2DFormat format) {
            dataFormat = format;
            return this;
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

        @Override
        public LayerQuantization getQuantization() {
            return quantization;
        }

        @Override
        public Builder quantization(LayerQuantization newQuantization) {
            quantization = newQuantization;
            return this;
        }

        @Override
        public QuantConvolutionLayer build() {
            ConvolutionUtils.validateConvolutionModePadding(convolutionMode, padding);
            ConvolutionUtils.validateCnnKernelStridePadding(kernelSize, stride, padding);
            return new QuantConvolutionLayer(this);
        }
    }
}
