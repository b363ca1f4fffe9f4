package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A 1-D convolution with fake-quantized weights, bias and output: {@code y = Q(f(conv(x, Q(W)) +
 * Q(b)))}.
 *
 * <p>Shapes: input {@code [batch, nIn, T]} (or {@code [batch, T, nIn]} in NWC), {@code W} declared
 * as {@code [nOut, nIn, k, 1]} and, as in the stock layer, read as {@code [k, nIn, nOut]}, with one
 * scale for each output where the granularity is per channel, {@code b [nOut]}. A mask that comes
 * with a network's data is handed on, shortened as the sequence is; one that is set on the layer
 * itself sets the steps of its output to zero that see no step of the input.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what the estimators learn, such as {@code weightScale}, with the layer's updater, and the state
 * of weights that are frozen one by one.
 *
 * <pre>
 *   new QuantConvolution1DLayer.Builder(3).nOut(16).convolutionMode(ConvolutionMode.Causal)
 *           .weightQuant(Quantizers.int8PerChannel())
 *           .outputQuant(Quantizers.uint8PerTensor())
 *           .build()
 * </pre>
 */
public class QuantConvolution1DLayer extends Convolution1DLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantConvolution1DLayer() {}

    /** The stock layer, quantized. */
    public static QuantConvolution1DLayer of(
            Convolution1DLayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantConvolution1DLayer.class, quantization);
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
                "QuantConvolution1DLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new SequenceConvolutionOp(this)),
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
    public QuantConvolution1DLayer clone() {
        return (QuantConvolution1DLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantConvolution1DLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantConvolution1DLayer quantConvolution1DLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantConvolution1DLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantConvolution1DLayer("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        return MemoryReports.of(this, inputType);
    }

    /** The stock options of a 1-D convolution, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends ConvolutionLayer.BaseConvBuilder<Builder>
            implements QuantOptions<Builder> {

        private RNNFormat format = RNNFormat.NCW;
        private LayerQuantization quantization = LayerQuantization.int8();

        /** A kernel of that many steps. */
        public Builder(int kernelSize) {
            super(new int[] {kernelSize, 1}, new int[] {1, 1}, new int[] {0, 0}, new int[] {1, 1});
        }

        /** Data format of input and output; default NCW. */
        public Builder rnnDataFormat(RNNFormat newFormat) {
            format = newFormat;
            return this;
        }

        @Override
        protected boolean allowCausal() {
            return true;
        }

        @Override
        public void setKernelSize(int[] size) {
            kernelSize = alongTime(size);
        }

        @Override
        public void setStride(int[] newStride) {
            stride = alongTime(newStride);
        }

        @Override
        public void setPadding(int[] newPadding) {
            padding = new int[] {newPadding[0], 0};
        }

        @Override
        public void setDilation(int[] newDilation) {
            dilation = alongTime(newDilation);
        }

        private static int[] alongTime(int[] size) {
            return new int[] {size[0], 1};
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
        public QuantConvolution1DLayer build() {
            Convolution1DLayer.Builder stock =
                    BuilderFields.copyConvolution(this, new Convolution1DLayer.Builder());
            return of(stock.rnnDataFormat(format).build(), quantization);
        }
    }
}
