package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * An output layer for sequences with fake-quantized weights, bias and logits: at each time step
 * {@code y = f(Q(x Q(W) + Q(b)))}. What {@code outputQuant} quantizes here are the logits; the
 * activation function, softmax by default, stays float.
 *
 * <p>Shapes: input {@code [batch, nIn, time]}, {@code W [nIn, nOut]}, {@code b [nOut]}, output and
 * labels {@code [batch, nOut, time]}; with {@code RNNFormat.NWC} the last two axes are turned.
 * Masks are for time steps, {@code [batch, time]}, or for single outputs, as in the stock layer.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code outputRange}, each {@code [min,
 * max, batches]}, each only where that tensor is quantized; then what the estimators learn, such as
 * {@code weightScale}, with the layer's updater, and the state of weights that are frozen one by
 * one.
 *
 * <p>Made from a stock layer: {@code QuantRnnOutputLayer.of(stock, LayerQuantization.int8())}.
 */
public class QuantRnnOutputLayer extends RnnOutputLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantRnnOutputLayer() {}

    /** The stock layer, quantized. */
    public static QuantRnnOutputLayer of(RnnOutputLayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantRnnOutputLayer.class, quantization);
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
                "QuantRnnOutputLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new QuantRnnOutputRuntime(conf, networkType),
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
    public QuantRnnOutputLayer clone() {
        return (QuantRnnOutputLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantRnnOutputLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantRnnOutputLayer quantRnnOutputLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantRnnOutputLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantRnnOutputLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
