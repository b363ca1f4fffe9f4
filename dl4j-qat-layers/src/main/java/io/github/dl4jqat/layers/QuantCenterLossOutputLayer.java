package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * An output layer with a center loss, with fake-quantized weights, bias and logits, as {@link
 * QuantOutputLayer}. The centers of the classes are training state: they stay float, and the
 * integer model has none.
 *
 * <p>Shapes: input {@code [batch, nIn]}, {@code W [nIn, nOut]}, {@code b [nOut]}, {@code cL [nOut,
 * nIn]}, output {@code [batch, nOut]}. Parameters beyond these: as in {@link QuantDenseLayer}, but
 * no {@code preActivationRange}.
 *
 * <p>Made from a stock layer: {@code QuantCenterLossOutputLayer.of(stock, quantization)}.
 */
public class QuantCenterLossOutputLayer extends CenterLossOutputLayer
        implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantCenterLossOutputLayer() {}

    /** The stock layer, quantized. */
    public static QuantCenterLossOutputLayer of(
            CenterLossOutputLayer stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantCenterLossOutputLayer.class, quantization);
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
                "QuantCenterLossOutputLayer", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new QuantCenterLossRuntime(conf, networkType),
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
    public QuantCenterLossOutputLayer clone() {
        return (QuantCenterLossOutputLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantCenterLossOutputLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantCenterLossOutputLayer quantCenterLossOutputLayer
                        && super.equals(o)
                        && Objects.equals(quantization, quantCenterLossOutputLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantCenterLossOutputLayer("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }
}
