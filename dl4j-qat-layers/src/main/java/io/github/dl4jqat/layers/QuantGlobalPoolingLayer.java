package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * Global average or sum pooling with a fake-quantized output. Global max pooling keeps its input's
 * grid, and the stock layer serves.
 *
 * <p>Shapes: input {@code [batch, channels, h, w]}, output {@code [batch, channels]}. Parameter:
 * {@code outputRange} {@code [min, max, batches]}.
 *
 * <p>Made from a stock layer: {@code QuantGlobalPoolingLayer.of(stock, quantization)}.
 */
public class QuantGlobalPoolingLayer extends GlobalPoolingLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantGlobalPoolingLayer() {}

    /**
     * The stock layer with a quantized output.
     *
     * @throws IllegalArgumentException if its pooling is the maximum
     */
    public static QuantGlobalPoolingLayer of(
            GlobalPoolingLayer stock, LayerQuantization quantization) {
        if (stock.getPoolingType() == PoolingType.MAX) {
            throw new IllegalArgumentException(
                    "QuantGlobalPoolingLayer: layer '"
                            + stock.getLayerName()
                            + "' has pooling "
                            + stock.getPoolingType()
                            + ", expected average, sum or p-norm pooling. Max pooling needs no"
                            + " quantizer: use the stock layer");
        }
        return StockTwin.of(stock, QuantGlobalPoolingLayer.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        org.deeplearning4j.nn.layers.pooling.GlobalPoolingLayer stock =
                new org.deeplearning4j.nn.layers.pooling.GlobalPoolingLayer(conf, networkType);
        return RunningLayers.start(
                conf,
                networkType,
                listeners,
                index,
                paramsView,
                initializeParams,
                stock,
                new GlobalPoolingExact(this));
    }

    @Override
    public ParamInitializer initializer() {
        return new QuantParamInitializer(EmptyParamInitializer.getInstance());
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        return new NoOp();
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return false;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    /** Sets how the layer is quantized; there is no value before an activation to quantize here. */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization = QuantLayerConfiguration.withoutWeights(quantization, true);
    }

    @Override
    public QuantGlobalPoolingLayer clone() {
        return (QuantGlobalPoolingLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantGlobalPoolingLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantGlobalPoolingLayer quantGlobalPoolingLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantGlobalPoolingLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantGlobalPoolingLayer("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }
}
