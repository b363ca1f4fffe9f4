package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * A 1-D pooling layer with a fake-quantized output. Only average pooling makes numbers that were
 * not there before; max pooling keeps its input's grid, and the stock layer serves.
 *
 * <p>Shapes: input and output {@code [batch, channels, steps]}. Parameter: {@code outputRange}
 * {@code [min, max, batches]}.
 *
 * <p>Made from a stock layer: {@code QuantSubsampling1DLayer.of(stock, quantization)}.
 */
public class QuantSubsampling1DLayer extends Subsampling1DLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantSubsampling1DLayer() {}

    /**
     * The stock layer with a quantized output.
     *
     * @throws IllegalArgumentException if its pooling is another than average
     */
    public static QuantSubsampling1DLayer of(
            Subsampling1DLayer stock, LayerQuantization quantization) {
        if (stock.getPoolingType() != org.deeplearning4j.nn.conf.layers.PoolingType.AVG) {
            throw new IllegalArgumentException(
                    "QuantSubsampling1DLayer: layer '"
                            + stock.getLayerName()
                            + "' has pooling "
                            + stock.getPoolingType()
                            + ", expected average pooling. Max pooling needs no quantizer, p-norm"
                            + " pooling has no integer form: use the stock layer");
        }
        return StockTwin.of(stock, QuantSubsampling1DLayer.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        org.deeplearning4j.nn.layers.convolution.subsampling.Subsampling1DLayer stock =
                new org.deeplearning4j.nn.layers.convolution.subsampling.Subsampling1DLayer(
                        conf, networkType);
        return RunningLayers.start(
                conf,
                networkType,
                listeners,
                index,
                paramsView,
                initializeParams,
                stock,
                SequencePoolingExact.of(this));
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
    public QuantSubsampling1DLayer clone() {
        return (QuantSubsampling1DLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantSubsampling1DLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantSubsampling1DLayer quantSubsamplingLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantSubsamplingLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantSubsampling1DLayer("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }
}
