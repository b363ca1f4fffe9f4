package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * An embedding layer for sequences with a fake-quantized output; see {@link QuantEmbeddingLayer}.
 *
 * <p>Shapes: input {@code [batch, T]} or {@code [batch, 1, T]} indices, {@code W [nIn, nOut]},
 * {@code b [nOut]}, output {@code [batch, nOut, T]}, or {@code [batch, T, nOut]} in NWC.
 *
 * <p>Made from a stock layer: {@code QuantEmbeddingSequenceLayer.of(stock, quantization)}.
 */
public class QuantEmbeddingSequenceLayer extends EmbeddingSequenceLayer
        implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantEmbeddingSequenceLayer() {}

    /** The stock layer, quantized. */
    public static QuantEmbeddingSequenceLayer of(
            EmbeddingSequenceLayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantEmbeddingSequenceLayer.class, quantization);
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
                "QuantEmbeddingSequenceLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new QuantEmbeddingSequenceRuntime(conf, networkType),
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
    public QuantEmbeddingSequenceLayer clone() {
        return (QuantEmbeddingSequenceLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantEmbeddingSequenceLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantEmbeddingSequenceLayer quantEmbeddingSequenceLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantEmbeddingSequenceLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantEmbeddingSequenceLayer("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }
}
