package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Two quantized recurrent layers, one of which reads its sequences from their end. With {@code a}
 * what the first gives and {@code b} what the second gives, turned around again:
 *
 * <pre>
 *   CONCAT    y = [a, b]
 *   ADD       y = Q(a + b)
 *   AVERAGE   y = Q((a + b) / 2)
 *   MUL       y = Q(a * b)
 * </pre>
 *
 * <p>{@code a} and {@code b} lie on one grid, that of the union of their ranges; side by side they
 * are one tensor on it. That grid is observed, never learned, whatever the output's estimator: a
 * learned grid could not be that of two layers.
 *
 * <p>Shapes and modes: as in the stock layer. Inside may be an LSTM, a GravesLSTM, or a SimpleRnn
 * without layer normalization, each in a LastTimeStep too. (A MaskZeroLayer inside a Bidirectional
 * does not survive Deeplearning4j's own JSON; it belongs around it.) Like the stock layer it takes
 * whole sequences only: no truncated backpropagation, no {@code rnnTimeStep}.
 *
 * <p>Parameters: those of the quantized layers inside with the prefixes {@code f} and {@code b},
 * then {@code inputRange} where this layer quantizes its input, and {@code outputRange} unless both
 * stand side by side.
 *
 * <p>Made from a stock layer: {@code QuantBidirectional.of(stock, LayerQuantization.int8())}.
 */
public class QuantBidirectional extends Bidirectional implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;
    private transient Directions directions;
    private transient QuantBidirectional source;

    /** For JSON. */
    protected QuantBidirectional() {}

    /**
     * The stock layer, quantized.
     *
     * @throws IllegalArgumentException if there is no quantized form of the layer inside
     */
    public static QuantBidirectional of(Bidirectional stock, LayerQuantization quantization) {
        QuantBidirectional twin = StockTwin.of(stock, QuantBidirectional.class, quantization);
        twin.directions();
        return twin;
    }

    /** What is inside a layer's LastTimeStep; itself if it is in none. */
    public static Layer unwrapped(Layer inside) {
        return Directions.unwrapped(inside);
    }

    /** Whether there is a quantized form of a stock layer inside. */
    public static boolean canHold(Layer inside) {
        return Directions.canHold(inside);
    }

    /** The parts as they are now: what is inside a configuration may change. */
    private Directions directions() {
        if (directions == null || !equals(source)) {
            directions = new Directions(this, Directions.Keys.BEFORE, quantization, getLayerName());
            source = clone();
        }
        return directions;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    /** Sets how the layer is quantized; what is inside both layers has more than 8 bits. */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        boolean memory = getFwd() == null || Directions.hasMemory(getFwd());
        this.quantization = QuantLayerConfiguration.recurrent(quantization, memory);
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        return BidirectionalRuntime.start(
                directions(), conf, listeners, index, paramsView, initializeParams, networkType);
    }

    @Override
    public ParamInitializer initializer() {
        return new BidirectionalParameters(directions());
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        return directions().updater(paramName);
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        return directions().regularization(paramName);
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return false;
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        LayerMemoryReport report = directions().layer(true).getMemoryReport(inputType);
        report.scale(2);
        return report;
    }

    @Override
    public QuantBidirectional clone() {
        QuantBidirectional copy = (QuantBidirectional) super.clone();
        copy.setFwd(getFwd().clone());
        copy.setBwd(getBwd().clone());
        copy.directions = null;
        copy.source = null;
        return copy;
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantBidirectional;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantBidirectional quantBidirectional
                        && super.equals(o)
                        && Objects.equals(quantization, quantBidirectional.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantBidirectional(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
