package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A depthwise 2-D convolution with fake-quantized weights, bias and output: {@code y =
 * Q(f(depthwise(x, Q(W)) + Q(b)))}.
 *
 * <p>Shapes: input {@code [batch, nIn, h, w]} (or {@code [batch, h, w, nIn]} in NHWC), {@code W
 * [kH, kW, nIn, m]} with m the depth multiplier, {@code b [nIn * m]}. Output channel {@code c * m +
 * i} sees input channel {@code c} alone, and has its own scale where the granularity is per
 * channel.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what the estimators learn, such as {@code weightScale}, with the layer's updater, and the state
 * of weights that are frozen one by one.
 *
 * <pre>
 *   new QuantDepthwiseConvolution2D.Builder(3, 3).depthMultiplier(2).activation(Activation.RELU6)
 *           .weightQuant(Quantizers.int8PerChannel())
 *           .outputQuant(Quantizers.uint8PerTensor())
 *           .build()
 * </pre>
 */
public class QuantDepthwiseConvolution2D extends DepthwiseConvolution2D
        implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantDepthwiseConvolution2D() {}

    /** The stock layer, quantized. */
    public static QuantDepthwiseConvolution2D of(
            DepthwiseConvolution2D stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantDepthwiseConvolution2D.class, quantization);
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
                "QuantDepthwiseConvolution2D", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new DepthwiseOp(this)),
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
    public QuantDepthwiseConvolution2D clone() {
        return (QuantDepthwiseConvolution2D) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantDepthwiseConvolution2D;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantDepthwiseConvolution2D quantDepthwiseConvolution2D
                        && super.equals(o)
                        && Objects.equals(quantization, quantDepthwiseConvolution2D.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantDepthwiseConvolution2D("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }

    /** The stock options of a depthwise convolution, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends ImageBuilder<Builder> {
        private int depthMultiplier = 1;

        /** A kernel of that size {@code (h, w)}. */
        public Builder(int... kernelSize) {
            super(LayerQuantization.int8(), kernelSize);
        }

        /** How many outputs each input channel has; default 1. */
        public Builder depthMultiplier(int outputs) {
            depthMultiplier = outputs;
            return this;
        }

        @Override
        public QuantDepthwiseConvolution2D build() {
            DepthwiseConvolution2D.Builder stock =
                    BuilderFields.copyConvolution(this, new DepthwiseConvolution2D.Builder());
            return of(
                    stock.dataFormat(format()).depthMultiplier(depthMultiplier).build(),
                    getQuantization());
        }
    }
}
