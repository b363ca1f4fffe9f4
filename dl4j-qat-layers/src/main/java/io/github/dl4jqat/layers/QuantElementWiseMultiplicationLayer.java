package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A layer that multiplies each column with a number of its own, with fake-quantized weights, bias
 * and output: {@code y = Q(f(x * Q(w) + Q(b)))}.
 *
 * <p>Shapes: input {@code [batch, n]}, {@code W [1, n]}, {@code b [n]}, output {@code [batch, n]}.
 * Where the granularity is per channel each weight has its own scale, so its integer is the largest
 * or the smallest there is.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what the estimators learn, such as {@code weightScale}, with the layer's updater, and the state
 * of weights that are frozen one by one.
 *
 * <p>Made from a stock layer: {@code QuantElementWiseMultiplicationLayer.of(stock, quantization)}.
 */
public class QuantElementWiseMultiplicationLayer extends ElementWiseMultiplicationLayer
        implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantElementWiseMultiplicationLayer() {}

    /** The stock layer, quantized. */
    public static QuantElementWiseMultiplicationLayer of(
            ElementWiseMultiplicationLayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantElementWiseMultiplicationLayer.class, quantization);
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
                "QuantElementWiseMultiplicationLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new ElementWiseOp(getNOut())),
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
    public QuantElementWiseMultiplicationLayer clone() {
        return (QuantElementWiseMultiplicationLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantElementWiseMultiplicationLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o
                                instanceof
                                QuantElementWiseMultiplicationLayer
                                        quantElementWiseMultiplicationLayer
                        && super.equals(o)
                        && Objects.equals(
                                quantization, quantElementWiseMultiplicationLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantElementWiseMultiplicationLayer("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }
}
