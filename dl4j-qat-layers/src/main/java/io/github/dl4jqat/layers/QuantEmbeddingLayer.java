package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * An embedding layer with a fake-quantized output: {@code y = Q(f(W[index] + b))}. The weights
 * train as floats with a straight-through gradient; the integer model has all of {@code Q(f(W +
 * b))} as one table on the grid of the output.
 *
 * <p>Shapes: input {@code [batch, 1]} indices, {@code W [nIn, nOut]}, {@code b [nOut]}, output
 * {@code [batch, nOut]}. Parameters beyond these: {@code outputRange} {@code [min, max, batches]},
 * and what the output's estimator learns.
 *
 * <p>Made from a stock layer: {@code QuantEmbeddingLayer.of(stock, quantization)}.
 */
public class QuantEmbeddingLayer extends EmbeddingLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantEmbeddingLayer() {}

    /** The stock layer, quantized. */
    public static QuantEmbeddingLayer of(EmbeddingLayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantEmbeddingLayer.class, quantization);
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
                "QuantEmbeddingLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new QuantEmbeddingRuntime(conf, networkType),
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
     * Sets how the layer is quantized; its parameters stay float, its input is an index, and there
     * is no value before an activation to quantize here.
     */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization =
                quantization == null
                        ? LayerQuantization.OFF
                        : QuantLayerConfiguration.floatParameters(quantization).withInput(null);
    }

    @Override
    public QuantEmbeddingLayer clone() {
        return (QuantEmbeddingLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantEmbeddingLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantEmbeddingLayer quantEmbeddingLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantEmbeddingLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantEmbeddingLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
