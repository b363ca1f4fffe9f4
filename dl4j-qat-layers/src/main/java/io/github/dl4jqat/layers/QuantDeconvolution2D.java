package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A transposed 2-D convolution with fake-quantized weights, bias and output: {@code y =
 * Q(f(deconv(x, Q(W)) + Q(b)))}.
 *
 * <p>Shapes: input {@code [batch, nIn, h, w]} (or {@code [batch, h, w, nIn]} in NHWC), {@code W
 * [nIn, nOut, kH, kW]} with one scale for each output where the granularity is per channel, {@code
 * b [nOut]}. The output is {@code h * sH} by {@code w * sW} in mode Same, else {@code sH * (h - 1)
 * + kH - 2 * pH} by the same of the width, with the extent of a dilated kernel for {@code kH}.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what the estimators learn, such as {@code weightScale}, with the layer's updater, and the state
 * of weights that are frozen one by one.
 *
 * <pre>
 *   new QuantDeconvolution2D.Builder(2, 2).nOut(16).stride(2, 2).activation(Activation.RELU)
 *           .weightQuant(Quantizers.int8PerChannel())
 *           .outputQuant(Quantizers.uint8PerTensor())
 *           .build()
 * </pre>
 */
public class QuantDeconvolution2D extends Deconvolution2D implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantDeconvolution2D() {}

    /** The stock layer, quantized. */
    public static QuantDeconvolution2D of(Deconvolution2D stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantDeconvolution2D.class, quantization);
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
                "QuantDeconvolution2D", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new DeconvolutionOp(this)),
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
    public QuantDeconvolution2D clone() {
        return (QuantDeconvolution2D) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantDeconvolution2D;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantDeconvolution2D quantDeconvolution2D
                        && super.equals(o)
                        && Objects.equals(quantization, quantDeconvolution2D.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantDeconvolution2D(" + super.toString() + ", quantization=" + quantization + ")";
    }

    /** The stock options of a transposed convolution, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends ImageBuilder<Builder> {

        /** A kernel of that size {@code (h, w)}. */
        public Builder(int... kernelSize) {
            super(LayerQuantization.int8(), kernelSize);
        }

        @Override
        public QuantDeconvolution2D build() {
            Deconvolution2D.Builder stock =
                    BuilderFields.copyConvolution(this, new Deconvolution2D.Builder());
            return of(stock.dataFormat(format()).build(), getQuantization());
        }
    }
}
