package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A separable 2-D convolution with fake-quantized weights, bias, output and a quantized tensor
 * between its two parts:
 *
 * <pre>
 *   i = Q(depthwise(x, Q(W)))
 *   y = Q(f(pointwise(i, Q(pW)) + Q(b)))
 * </pre>
 *
 * <p>Shapes: input {@code [batch, nIn, h, w]} (or {@code [batch, h, w, nIn]} in NHWC), {@code W [m,
 * nIn, kH, kW]} with m the depth multiplier, {@code i [batch, nIn * m, h', w']}, {@code pW [nOut,
 * nIn * m, 1, 1]}, {@code b [nOut]}. Both weights have the same kind of integers; each has its own
 * scales, one for each of its output channels where the granularity is per channel, and its own
 * learned parameters.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, {@code innerRange}, each {@code [min, max, batches]}, each only where that tensor
 * is quantized; then what the estimators learn, such as {@code weightScale} of the pointwise and
 * {@code depthwiseScale} of the depthwise weights, with the layer's updater, and the state of
 * weights that are frozen one by one.
 *
 * <p>Without {@code inner} the tensor between the parts stays float, and the layer has no integer
 * form.
 *
 * <pre>
 *   new QuantSeparableConvolution2D.Builder(3, 3).nOut(64).activation(Activation.RELU)
 *           .weightQuant(Quantizers.int8PerChannel())
 *           .innerQuant(Quantizers.uint8PerTensor())
 *           .outputQuant(Quantizers.uint8PerTensor())
 *           .build()
 * </pre>
 */
public class QuantSeparableConvolution2D extends SeparableConvolution2D
        implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantSeparableConvolution2D() {}

    /** The stock layer, quantized. */
    public static QuantSeparableConvolution2D of(
            SeparableConvolution2D stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantSeparableConvolution2D.class, quantization);
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
                "QuantSeparableConvolution2D", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new SeparableRuntime(conf, networkType),
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
    public QuantSeparableConvolution2D clone() {
        return (QuantSeparableConvolution2D) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantSeparableConvolution2D;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantSeparableConvolution2D quantSeparableConvolution2D
                        && super.equals(o)
                        && Objects.equals(quantization, quantSeparableConvolution2D.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantSeparableConvolution2D("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }

    /** The stock options of a separable convolution, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends ImageBuilder<Builder> {
        private int depthMultiplier = 1;
        private List<LayerConstraint> pointWiseConstraints;

        /** A kernel of that size {@code (h, w)}. */
        public Builder(int... kernelSize) {
            super(
                    LayerQuantization.int8()
                            .withInner(TensorQuantization.activation(Quantizers.uint8PerTensor())),
                    kernelSize);
        }

        /** How many outputs each input channel has; default 1. */
        public Builder depthMultiplier(int outputs) {
            depthMultiplier = outputs;
            return this;
        }

        /** Constraints of the pointwise weights alone. */
        public Builder constrainPointWise(LayerConstraint... constraints) {
            pointWiseConstraints = List.of(constraints);
            return this;
        }

        /** The integers of the tensor between the two parts; null for floats. */
        public Builder innerQuant(QuantSpec spec) {
            return quantization(
                    getQuantization()
                            .withInner(spec == null ? null : TensorQuantization.activation(spec)));
        }

        @Override
        public QuantSeparableConvolution2D build() {
            SeparableConvolution2D.Builder stock =
                    BuilderFields.copyConvolution(this, new SeparableConvolution2D.Builder());
            stock.setPointWiseConstraints(pointWiseConstraints);
            return of(
                    stock.dataFormat(format()).depthMultiplier(depthMultiplier).build(),
                    getQuantization());
        }
    }
}
