package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A Graves LSTM quantized at its gates: {@link QuantLSTM} with peepholes. The gates {@code f} and
 * {@code g} also see the memory before, {@code o} the memory after, each unit its own:
 *
 * <pre>
 *   z  = Q(x Q(W) + Q(b) + h Q(RW) + c Q(P))
 * </pre>
 *
 * <p>{@code P} are the last three columns of {@code RW [n, 4 n + 3]}. They have 16 bits and one
 * scale, whatever the spec of the other weights, and learn and freeze nothing.
 *
 * <p>All else, shapes and parameters too, is as in {@link QuantLSTM}.
 *
 * <p>Made from a stock layer: {@code QuantGravesLSTM.of(stock, LayerQuantization.int8())}.
 */
@SuppressWarnings("deprecation") // Deeplearning4j would rather have LSTM, but networks have this
public class QuantGravesLSTM extends GravesLSTM implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantGravesLSTM() {}

    /** The stock layer, quantized. */
    public static QuantGravesLSTM of(GravesLSTM stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantGravesLSTM.class, quantization);
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
                "QuantGravesLSTM", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new RecurrentRuntime(conf, networkType),
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

    /** Sets how the layer is quantized; what is inside it has more than 8 bits. */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization = QuantLayerConfiguration.recurrent(quantization, true);
    }

    @Override
    public QuantGravesLSTM clone() {
        return (QuantGravesLSTM) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantGravesLSTM;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantGravesLSTM quantGravesLstm
                        && super.equals(o)
                        && Objects.equals(quantization, quantGravesLstm.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantGravesLSTM(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
