package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A convolution along time whose steps each have weights of their own, with fake-quantized weights,
 * bias and output: {@code y[t] = Q(f(patch[t] Q(W[t]) + Q(b)))}.
 *
 * <p>Shapes: input {@code [batch, nIn, T]}, {@code W [T', nIn * k, nOut]}, {@code b [nOut]}, output
 * {@code [batch, nOut, T']}.
 *
 * <p>Weights have one scale for each output channel, which all positions share, where the
 * granularity is per channel. Dropout and weight noise do nothing, as in the stock layer; a mask is
 * handed on.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what the estimators learn, such as {@code weightScale}, with the layer's updater, and the state
 * of weights that are frozen one by one.
 *
 * <p>Made from a stock layer: {@code QuantLocallyConnected1D.of(stock, quantization)}. A dilation
 * is refused: the stock layer sizes its output by it, but reads windows without. Gradients are
 * those of the function; what the stock layer gives as such, of its weights and all before it, is
 * twice as much.
 */
public class QuantLocallyConnected1D extends LocallyConnected1D
        implements QuantizedLocalConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantLocallyConnected1D() {
        // The stock constructor without arguments is private.
        super(new Builder());
    }

    /** The stock layer, quantized. */
    public static QuantLocallyConnected1D of(
            LocallyConnected1D stock, LayerQuantization quantization) {
        LocallyConnected1D copy = (LocallyConnected1D) stock.clone();
        // Written as JSON, it would define its parameters, for which it needs its sizes.
        copy.setLayerParams(new SDLayerParams());
        QuantLocallyConnected1D twin =
                StockTwin.of(copy, QuantLocallyConnected1D.class, quantization);
        twin.setLayerParams(null);
        return twin;
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        LocallyConnectedOp.requireSupported(
                positions() > 0, getDilation() > 1, getCm(), "layer '" + getLayerName() + "'");
        return RunningLayers.start(
                new LinearRuntime(
                        conf,
                        networkType,
                        LocallyConnectedOp.of(this),
                        SameDiffStandIn.of(this, function())),
                listeners,
                index,
                paramsView,
                initializeParams);
    }

    @Override
    public IActivation function() {
        return QuantizedLocalConfiguration.function(getActivation());
    }

    @Override
    public int positions() {
        return getOutputSize();
    }

    @Override
    public long outputs() {
        return getNOut();
    }

    @Override
    public ParamInitializer initializer() {
        return new QuantParamInitializer(super.initializer());
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        IUpdater own = QuantParamInitializer.updater(this, getUpdater(), paramName);
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
        QuantLayerConfiguration.requireNoBatchNorm(quantization, "A locally connected layer");
        this.quantization = quantization == null ? LayerQuantization.OFF : quantization;
    }

    @Override
    public QuantLocallyConnected1D clone() {
        return (QuantLocallyConnected1D) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantLocallyConnected1D;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantLocallyConnected1D other
                        && super.equals(o)
                        && Objects.equals(quantization, other.quantization));
    }

    @Override
    public int hashCode() {
        // The stock layer's is made of arrays by their identity.
        return Objects.hash(getLayerName(), getNIn(), getNOut(), positions(), quantization);
    }

    @Override
    public String toString() {
        return "QuantLocallyConnected1D("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        return MemoryReports.of(this, getUpdater(), inputType);
    }
}
