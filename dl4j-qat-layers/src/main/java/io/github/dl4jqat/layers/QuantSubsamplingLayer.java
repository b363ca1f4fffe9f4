package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * A 2-D pooling layer with a fake-quantized output. Only average and p-norm pooling make numbers
 * that were not there before; max pooling keeps its input's grid, and the stock layer serves. An
 * integer model computes p-norms in float.
 *
 * <p>Shapes: input and output {@code [batch, channels, h, w]}, or NHWC. Parameter: {@code
 * outputRange} {@code [min, max, batches]}.
 *
 * <p>Made from a stock layer: {@code QuantSubsamplingLayer.of(stock, quantization)}.
 */
public class QuantSubsamplingLayer extends SubsamplingLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantSubsamplingLayer() {}

    /**
     * The stock layer with a quantized output.
     *
     * @throws IllegalArgumentException if its pooling is the maximum
     */
    public static QuantSubsamplingLayer of(SubsamplingLayer stock, LayerQuantization quantization) {
        if (stock.getPoolingType() != org.deeplearning4j.nn.conf.layers.PoolingType.AVG
                && stock.getPoolingType() != org.deeplearning4j.nn.conf.layers.PoolingType.PNORM) {
            throw new IllegalArgumentException(
                    "QuantSubsamplingLayer: layer '"
                            + stock.getLayerName()
                            + "' has pooling "
                            + stock.getPoolingType()
                            + ", expected average or p-norm pooling. Max pooling needs no"
                            + " quantizer: use the stock layer");
        }
        return StockTwin.of(stock, QuantSubsamplingLayer.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        org.deeplearning4j.nn.layers.convolution.subsampling.SubsamplingLayer stock =
                new org.deeplearning4j.nn.layers.convolution.subsampling.SubsamplingLayer(
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
    public QuantSubsamplingLayer clone() {
        return (QuantSubsamplingLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantSubsamplingLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantSubsamplingLayer quantSubsamplingLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantSubsamplingLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantSubsamplingLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
