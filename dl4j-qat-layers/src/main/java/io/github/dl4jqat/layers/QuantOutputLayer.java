package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * An output layer with fake-quantized weights, bias and logits: {@code y = f(Q(x Q(W) + Q(b)))}.
 * What {@code outputQuant} quantizes here are the logits; the activation function, softmax by
 * default, stays float.
 *
 * <p>Shapes: input {@code [batch, nIn]}, {@code W [nIn, nOut]}, {@code b [nOut]}, output {@code
 * [batch, nOut]}.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code outputRange}, each {@code [min,
 * max, batches]}, each only where that tensor is quantized. They are not trained by the updater.
 * Then what the estimators learn, such as {@code weightScale}, with the layer's updater, and the
 * state of weights that are frozen one by one.
 */
public class QuantOutputLayer extends OutputLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantOutputLayer() {}

    private QuantOutputLayer(Builder builder) {
        BuilderFields.copy(builder, this);
        setHasBias(builder.isHasBias());
        setLossFn(builder.getLossFn());
        // While quantization is still off there are no ranges that could be constrained.
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
        LayerValidation.assertNInNOutSet(
                "QuantOutputLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new QuantOutputRuntime(conf, networkType),
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

    /** Sets how the layer is quantized; there is no value before an activation to quantize here. */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization =
                quantization == null
                        ? LayerQuantization.OFF
                        : QuantLayerConfiguration.consecutiveOutput(quantization);
    }

    @Override
    public QuantOutputLayer clone() {
        return (QuantOutputLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantOutputLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantOutputLayer quantOutputLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantOutputLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantOutputLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }

    /** The stock options of an output layer, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends BaseOutputLayer.Builder<Builder>
            implements QuantOptions<Builder> {

        private LayerQuantization quantization = LayerQuantization.int8();

        /** Loss MCXENT and activation softmax, as in the stock layer. */
        public Builder() {
            setActivationFn(new ActivationSoftmax());
        }

        /** That loss, and activation softmax. */
        public Builder(LossFunction loss) {
            super.lossFunction(loss);
            setActivationFn(new ActivationSoftmax());
        }

        /** That loss, and activation softmax. */
        public Builder(ILossFunction loss) {
            setLossFn(loss);
            setActivationFn(new ActivationSoftmax());
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
        public QuantOutputLayer build() {
            return new QuantOutputLayer(this);
        }
    }
}
