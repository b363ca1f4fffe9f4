package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.variational.LossFunctionWrapper;
import org.deeplearning4j.nn.conf.layers.variational.ReconstructionDistribution;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A variational autoencoder that feeds forward in integers: the dense layers of its encoder, and
 * the mean of p(z|x) behind them, each with fake-quantized weights, bias and output:
 *
 * <pre>
 *   h0 = Q(f(x Q(e0W) + Q(e0b)))
 *   h1 = Q(f(h0 Q(e1W) + Q(e1b)))             and so on
 *   y  = Q(g(h Q(pZXMeanW) + Q(pZXMeanb)))    g is pzxActivationFn
 * </pre>
 *
 * <p>Shapes: input {@code [batch, nIn]}, {@code e0W [nIn, encoderLayerSizes[0]]}, ..., {@code
 * pZXMeanW [last size, nOut]}, output {@code [batch, nOut]}. What is said about the weights and the
 * output holds for each of these layers; each has its own scales, ranges and learned parameters.
 *
 * <p>Pretraining is for the float network, before {@code Qat.prepare}; here it fails with a message
 * that says so. Log sigma squared and the decoder keep their parameters, which fine-tuning leaves
 * alone. The running layer is a stock one in all that generates data: {@code reconstructionError}
 * decodes what the quantized encoder gives, {@code reconstructionProbability} and its kind compute
 * with the parameters as they are in float. As in the stock layer {@code dropOut} has no effect;
 * masks, which that one refuses, work as in a dense layer.
 *
 * <p>Parameters, after the stock ones: for each dense layer, beginning with {@code e0}, {@code e1},
 * ..., {@code pZXMean}, those that a {@link QuantDenseLayer} has: {@code e0InputRange} where the
 * input is quantized here, {@code e0PreActivationRange}, {@code e0OutputRange}, then what the
 * estimators learn, such as {@code e0WeightScale}, with the layer's updater, and the state of
 * weights that are frozen one by one.
 *
 * <pre>
 *   new QuantVariationalAutoencoder.Builder()
 *           .encoderLayerSizes(256, 128).decoderLayerSizes(128, 256).nOut(32)
 *           .activation(Activation.RELU)
 *           .weightQuant(Quantizers.int4PerChannel())
 *           .build()
 * </pre>
 */
public class QuantVariationalAutoencoder extends VariationalAutoencoder
        implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantVariationalAutoencoder() {}

    /** The stock layer, quantized. */
    public static QuantVariationalAutoencoder of(
            VariationalAutoencoder stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantVariationalAutoencoder.class, quantization);
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
                "QuantVariationalAutoencoder", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new EncoderRuntime(conf, networkType),
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
     * Sets how each of the dense layers is quantized.
     *
     * @throws IllegalArgumentException if a batch normalization is folded in
     */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        QuantLayerConfiguration.requireNoBatchNorm(quantization, "A variational autoencoder");
        this.quantization = quantization == null ? LayerQuantization.OFF : quantization;
    }

    @Override
    public QuantVariationalAutoencoder clone() {
        return (QuantVariationalAutoencoder) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantVariationalAutoencoder;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantVariationalAutoencoder quantVariationalAutoencoder
                        && super.equals(o)
                        && Objects.equals(quantization, quantVariationalAutoencoder.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantVariationalAutoencoder("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }

    /** The stock options of a variational autoencoder, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends FeedForwardLayer.Builder<Builder>
            implements QuantOptions<Builder> {

        private final VariationalAutoencoder.Builder stock = new VariationalAutoencoder.Builder();
        private LayerQuantization quantization = LayerQuantization.int8();

        /** How many units each dense layer of the encoder has; default one layer of 100. */
        public Builder encoderLayerSizes(int... sizes) {
            stock.encoderLayerSizes(sizes);
            return this;
        }

        /** How many units each layer of the decoder has; default one layer of 100. */
        public Builder decoderLayerSizes(int... sizes) {
            stock.decoderLayerSizes(sizes);
            return this;
        }

        /** The distribution p(x|z) that the decoder parametrizes; default a Gaussian. */
        public Builder reconstructionDistribution(ReconstructionDistribution distribution) {
            stock.reconstructionDistribution(distribution);
            return this;
        }

        /** A loss of the reconstruction in place of a distribution. */
        public Builder lossFunction(IActivation outputActivationFn, ILossFunction lossFunction) {
            return reconstructionDistribution(
                    new LossFunctionWrapper(outputActivationFn, lossFunction));
        }

        /** A loss of the reconstruction in place of a distribution. */
        public Builder lossFunction(Activation outputActivationFn, LossFunction lossFunction) {
            return lossFunction(
                    outputActivationFn.getActivationFunction(), lossFunction.getILossFunction());
        }

        /** The function of the mean of p(z|x), and so of the output; default identity. */
        public Builder pzxActivationFn(IActivation function) {
            stock.pzxActivationFn(function);
            return this;
        }

        /** The function of the mean of p(z|x), and so of the output; default identity. */
        public Builder pzxActivationFunction(Activation function) {
            return pzxActivationFn(function.getActivationFunction());
        }

        /** How many samples of z the stock layer draws for each example in pretraining. */
        public Builder numSamples(int samples) {
            stock.numSamples(samples);
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
        public QuantVariationalAutoencoder build() {
            QuantVariationalAutoencoder layer =
                    of(BuilderFields.copy(this, stock).build(), LayerQuantization.OFF);
            // While quantization is still off there are no ranges that could be constrained.
            layer.initializeConstraints(this);
            layer.setQuantization(quantization);
            return layer;
        }
    }
}
