package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * An activation function as a layer of its own, with a fake-quantized output. In the integer model
 * it is a table over the integers of its input.
 *
 * <p>Shapes: any, the same in and out. Parameter: {@code outputRange} {@code [min, max, batches]}.
 *
 * <p>Made from a stock layer: {@code QuantActivationLayer.of(stock, quantization)}.
 */
public class QuantActivationLayer extends ActivationLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantActivationLayer() {}

    /** The stock layer with a quantized output. */
    public static QuantActivationLayer of(ActivationLayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantActivationLayer.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        org.deeplearning4j.nn.layers.ActivationLayer stock =
                new org.deeplearning4j.nn.layers.ActivationLayer(conf, networkType);
        return RunningLayers.start(
                conf,
                networkType,
                listeners,
                index,
                paramsView,
                initializeParams,
                stock,
                new TableExact(getActivationFn()));
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
        this.quantization = QuantLayerConfiguration.withoutWeights(quantization, false);
    }

    @Override
    public QuantActivationLayer clone() {
        return (QuantActivationLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantActivationLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantActivationLayer quantActivationLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantActivationLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantActivationLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
