package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * An LSTM quantized at its gates. With Deeplearning4j's names, where {@code i} has the layer's
 * activation function and {@code f}, {@code o}, {@code g} are the gates:
 *
 * <pre>
 *   z  = Q(x Q(W) + Q(b) + h Q(RW))                 16 bits
 *   c' = Q(gate(z_f) * c + gate(z_g) * act(z_i))    16 bits: the memory, {@code inner}
 *   h' = Q(gate(z_o) * act(c'))                     the output's integers
 * </pre>
 *
 * <p>Shapes: input {@code [batch, nIn, time]}, {@code W [nIn, 4 n]}, {@code RW [n, 4 n]} with one
 * scale for each column where the granularity is per channel, {@code b [4 n]}, output {@code
 * [batch, n, time]}; columns in the order {@code i f o g}.
 *
 * <p>Masks, truncated backpropagation, {@code rnnTimeStep} and the maps of states work as in the
 * stock layer; its {@code CacheMode} and helpers have no effect. Two things differ from it, both
 * where it computes a gradient other than the true one: masked time steps before unmasked ones get
 * none, and in truncated backpropagation a segment starts from its real state.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, {@code innerRange}, each {@code [min, max, batches]}, each only where that tensor
 * is quantized; then what estimators learn, {@code weightScale} and {@code recurrentScale} for
 * example.
 *
 * <p>Made from a stock layer: {@code QuantLSTM.of(stock, LayerQuantization.int8())}.
 */
public class QuantLSTM extends LSTM implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantLSTM() {}

    /** The stock layer, quantized. */
    public static QuantLSTM of(LSTM stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantLSTM.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        LayerValidation.assertNInNOutSet("QuantLSTM", getLayerName(), index, getNIn(), getNOut());
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
    public QuantLSTM clone() {
        return (QuantLSTM) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantLSTM;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantLSTM quantLstm
                        && super.equals(o)
                        && Objects.equals(quantization, quantLstm.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantLSTM(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
