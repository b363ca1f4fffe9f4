package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A batch normalization that cannot be folded into the weights of a layer before it, because it
 * follows an activation function, a vertex or nothing: {@code y = Q(f(a x + c))} with one {@code a
 * = gamma / sqrt(var + eps)} and one {@code c = beta - a * mean} for each channel.
 *
 * <p>Trains as the stock layer does, with the statistics of each batch, until the schedule freezes
 * them. In evaluation {@code a} and {@code c} are integers: {@code a} is int8 with a scale of its
 * own for each channel, so it is 127 or -127 and nothing gets lost; {@code c} is int32. That is a
 * depthwise convolution with a kernel of one element.
 *
 * <p>Unlike the stock layer, which has an activation function in its configuration and ignores it,
 * this one applies it; without one in its builder it has none, whatever the network's default is.
 *
 * <p>Shapes: {@code [batch, channels]}, {@code [batch, channels, ...]} or, in NHWC, {@code [batch,
 * height, width, channels]}; the same in and out. Parameters: those of the stock layer in its
 * layout, then the ranges, as in {@link QuantDenseLayer}.
 *
 * <pre>
 *   new QuantBatchNormalization.Builder().activation(Activation.RELU)
 *           .outputQuant(Quantizers.uint8PerTensor())
 *           .build()
 * </pre>
 */
public class QuantBatchNormalization extends BatchNormalization implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantBatchNormalization() {}

    private QuantBatchNormalization(Builder builder) {
        BuilderFields.copy(builder, this);
        setDecay(builder.decay);
        setEps(builder.eps);
        setMinibatch(builder.minibatch);
        setLockGammaBeta(builder.lockGammaBeta);
        setGamma(builder.gamma);
        setBeta(builder.beta);
        setUseLogStd(builder.useLogStd);
        setCnn2DFormat(builder.dataFormat);
        // Every network has a function that it gives to layers without one.
        if (getActivationFn() == null) {
            setActivationFn(new ActivationIdentity());
        }
        initializeConstraints(builder);
        setQuantization(builder.quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        LayerValidation.assertNOutSet("QuantBatchNormalization", getLayerName(), index, getNOut());
        return RunningLayers.start(
                new LinearRuntime(
                        conf, networkType, new ChannelScaleOp(getNOut(), getCnn2DFormat())),
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

    /**
     * Sets how the layer is quantized. Quantized factors are int8 per channel whatever is asked
     * for: fewer bits would save nothing, and there is nothing to estimate or to freeze one by one.
     *
     * @throws IllegalArgumentException with a folded batch normalization
     */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        if (quantization == null) {
            this.quantization = LayerQuantization.OFF;
            return;
        }
        QuantLayerConfiguration.requireNoBatchNorm(quantization, "A batch normalization");
        LayerQuantization q = quantization.withOscillation(null);
        if (q.schedule() != null) {
            q = q.withSchedule(q.schedule().without(Knob.PORTION));
        }
        this.quantization =
                q.weight() == null
                        ? q
                        : q.withWeight(TensorQuantization.weight(Quantizers.int8PerChannel()));
    }

    @Override
    public QuantBatchNormalization clone() {
        return (QuantBatchNormalization) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantBatchNormalization;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantBatchNormalization quantBatchNormalization
                        && super.equals(o)
                        && Objects.equals(quantization, quantBatchNormalization.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantBatchNormalization("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }

    /** The stock options of a batch normalization, an activation, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends FeedForwardLayer.Builder<Builder>
            implements QuantOptions<Builder> {

        private double decay = 0.9;
        private double eps = 1e-5;
        private boolean minibatch = true;
        private boolean lockGammaBeta;
        private double gamma = 1;
        private double beta;
        private boolean useLogStd = true;
        private CNN2DFormat dataFormat = CNN2DFormat.NCHW;
        private LayerQuantization quantization = LayerQuantization.int8();

        /** Share of the old running statistics that stays at each batch; default 0.9. */
        public Builder decay(double share) {
            decay = share;
            return this;
        }

        /** Added to the variance; default 1e-5. */
        public Builder eps(double small) {
            eps = small;
            return this;
        }

        /** As in the stock builder, where it has no effect. */
        public Builder minibatch(boolean on) {
            minibatch = on;
            return this;
        }

        /** Whether gamma and beta are constants; default false. */
        public Builder lockGammaBeta(boolean on) {
            lockGammaBeta = on;
            return this;
        }

        /** The factor, constant or at the start; default 1. */
        public Builder gamma(double factor) {
            gamma = factor;
            return this;
        }

        /** The shift, constant or at the start; default 0. */
        public Builder beta(double shift) {
            beta = shift;
            return this;
        }

        /** Whether log10 of the deviation is kept in place of the variance; default true. */
        public Builder useLogStd(boolean on) {
            useLogStd = on;
            return this;
        }

        /** Data format of images; default NCHW. */
        public Builder dataFormat(CNN2DFormat format) {
            dataFormat = format;
            return this;
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
        public QuantBatchNormalization build() {
            return new QuantBatchNormalization(this);
        }
    }
}
