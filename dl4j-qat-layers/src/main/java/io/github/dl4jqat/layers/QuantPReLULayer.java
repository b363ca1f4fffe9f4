package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A leaky ReLU with learned slopes and a fake-quantized output: {@code y = Q(x >= 0 ? x : alpha *
 * x)}. The slopes stay float; the integer model has a table for each of them.
 *
 * <p>Shapes: input and output {@code [batch, ...]}, {@code W} (alpha) as one example, with 1 for
 * each axis that shares its slopes. Parameters beyond that: {@code inputRange} and {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized.
 *
 * <p>Made from a stock layer: {@code QuantPReLULayer.of(stock, quantization)}.
 */
public class QuantPReLULayer extends PReLULayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantPReLULayer() {}

    /** The stock layer, quantized. */
    public static QuantPReLULayer of(PReLULayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantPReLULayer.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        return RunningLayers.start(
                new QuantPReluRuntime(conf, networkType),
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
     * Sets how the layer is quantized; its parameters stay float, and there is no value before an
     * activation to quantize here.
     */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization =
                quantization == null
                        ? LayerQuantization.OFF
                        : QuantLayerConfiguration.floatParameters(quantization);
    }

    @Override
    public QuantPReLULayer clone() {
        return (QuantPReLULayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantPReLULayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantPReLULayer quantPReLULayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantPReLULayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantPReLULayer(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
