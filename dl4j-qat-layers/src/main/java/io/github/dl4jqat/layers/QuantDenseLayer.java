package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A dense layer with fake-quantized weights, bias and output: {@code y = Q(f(x Q(W) + Q(b)))}.
 *
 * <p>Shapes: input {@code [batch, nIn]}, {@code W [nIn, nOut]} with one scale for each output where
 * the granularity is per channel, {@code b [nOut]}, output {@code [batch, nOut]}.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized. They
 * are not trained by the updater. Then what the estimators learn, such as {@code weightScale}, with
 * the layer's updater, and the state of weights that are frozen one by one.
 *
 * <pre>
 *   new QuantDenseLayer.Builder().nOut(500).activation(Activation.RELU)
 *           .weightQuant(Quantizers.int4PerChannel())
 *           .outputQuant(Quantizers.uint8PerTensor())
 *           .build()
 * </pre>
 */
public class QuantDenseLayer extends DenseLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantDenseLayer() {}

    private QuantDenseLayer(Builder builder) {
        BuilderFields.copy(builder, this);
        setHasBias(builder.hasBias);
        // While quantization is still off there are no ranges that could be constrained.
        initializeConstraints(builder);
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
                "QuantDenseLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new DenseOp()),
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
    public QuantDenseLayer clone() {
        return (QuantDenseLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantDenseLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantDenseLayer quantDenseLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantDenseLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantDenseLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }

    /** The stock options of a dense layer, and {@link QuantOptions}. */
    @SuppressWarnings("unchecked")
    public static class Builder extends FeedForwardLayer.Builder<Builder>
            implements QuantOptions<Builder> {

        private boolean hasBias = true;
        private LayerQuantization quantization = LayerQuantization.int8();

        /** Whether the layer has a bias; default true. */
        public Builder hasBias(boolean on) {
            hasBias = on;
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
        public QuantDenseLayer build() {
            return new QuantDenseLayer(this);
        }
    }
}
