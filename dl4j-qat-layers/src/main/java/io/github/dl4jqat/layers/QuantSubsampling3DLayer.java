package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * A 3-D average pooling layer with a fake-quantized output. Max pooling keeps its input's grid, and
 * the stock layer serves. Padding does not count: the mean is that of the real elements.
 *
 * <p>Shapes: input and output {@code [batch, channels, d, h, w]}, or NDHWC. Parameter: {@code
 * outputRange} {@code [min, max, batches]}.
 *
 * <p>Made from a stock layer: {@code QuantSubsampling3DLayer.of(stock, quantization)}.
 */
public class QuantSubsampling3DLayer extends Subsampling3DLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantSubsampling3DLayer() {}

    /**
     * The stock layer with a quantized output.
     *
     * @throws IllegalArgumentException if its pooling is the maximum
     */
    public static QuantSubsampling3DLayer of(
            Subsampling3DLayer stock, LayerQuantization quantization) {
        if (stock.getPoolingType() != PoolingType.AVG.toPoolingType()) {
            throw new IllegalArgumentException(
                    "QuantSubsampling3DLayer: layer '"
                            + stock.getLayerName()
                            + "' has pooling "
                            + stock.getPoolingType()
                            + ", expected average pooling. Max pooling needs no"
                            + " quantizer: use the stock layer");
        }
        return StockTwin.of(stock, QuantSubsampling3DLayer.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        org.deeplearning4j.nn.layers.convolution.subsampling.Subsampling3DLayer stock =
                new org.deeplearning4j.nn.layers.convolution.subsampling.Subsampling3DLayer(
                        conf, networkType);
        return RunningLayers.start(
                conf,
                networkType,
                listeners,
                index,
                paramsView,
                initializeParams,
                stock,
                AveragePoolingExact.of(this));
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
    public QuantSubsampling3DLayer clone() {
        return (QuantSubsampling3DLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantSubsampling3DLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantSubsampling3DLayer quantSubsampling3DLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantSubsampling3DLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantSubsampling3DLayer("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }
}
