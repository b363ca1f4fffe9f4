package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Two quantized {@link QuantGravesLSTM}, one of which reads its sequences from their end; the
 * output is {@code Q(a + b)}, as of a {@link QuantBidirectional} that adds.
 *
 * <p>Shapes: input {@code [batch, nIn, time]}, output {@code [batch, n, time]}. Like the stock
 * layer it takes whole sequences only, and applies a mask that layers before it have passed by; its
 * {@code CacheMode} has no effect, and masked time steps before unmasked ones get the true
 * gradient.
 *
 * <p>Parameters: those of the quantized layers inside with {@code F} or {@code B} behind them, so
 * {@code WF}, {@code RWF}, {@code bF} and so on; then {@code inputRange} where this layer quantizes
 * its input, and {@code outputRange}.
 *
 * <p>Made from a stock layer: {@code QuantGravesBidirectionalLSTM.of(stock,
 * LayerQuantization.int8())}.
 */
@SuppressWarnings("deprecation") // Deeplearning4j would rather have Bidirectional
public class QuantGravesBidirectionalLSTM extends GravesBidirectionalLSTM
        implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;
    private transient Directions directions;
    private transient QuantGravesBidirectionalLSTM source;

    /** For JSON. */
    protected QuantGravesBidirectionalLSTM() {}

    /** The stock layer, quantized. */
    public static QuantGravesBidirectionalLSTM of(
            GravesBidirectionalLSTM stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantGravesBidirectionalLSTM.class, quantization);
    }

    /** The parts as they are now: a configuration may change. */
    private Directions directions() {
        if (directions == null || !equals(source)) {
            Bidirectional pair = new Bidirectional(Bidirectional.Mode.ADD, direction(true));
            pair.setBwd(direction(false));
            directions = new Directions(pair, Directions.Keys.BEHIND, quantization, getLayerName());
            source = clone();
        }
        return directions;
    }

    private GravesLSTM direction(boolean forward) {
        GravesLSTM inside = StockTwin.subclass(this, GravesLSTM.class);
        inside.setConstraints(constraints(forward));
        return inside;
    }

    /** Constraints with what the parameters of one direction are called inside. */
    private List<LayerConstraint> constraints(boolean forward) {
        List<LayerConstraint> found = new ArrayList<>();
        if (constraints == null) {
            return found;
        }
        for (LayerConstraint constraint : constraints) {
            Set<String> inside = new HashSet<>();
            for (String key : constraint.getParams()) {
                if (Directions.Keys.BEHIND.isForward(key) == forward) {
                    inside.add(Directions.Keys.BEHIND.inside(key));
                }
            }
            if (!inside.isEmpty()) {
                LayerConstraint copy = constraint.clone();
                copy.setParams(inside);
                found.add(copy);
            }
        }
        return found;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    /** Sets how the layer is quantized; what is inside both layers has more than 8 bits. */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization = QuantLayerConfiguration.recurrent(quantization, true);
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
                "QuantGravesBidirectionalLSTM", getLayerName(), index, getNIn(), getNOut());
        return new GravesBidirectionalRuntime(
                BidirectionalRuntime.start(
                        directions(),
                        conf,
                        listeners,
                        index,
                        paramsView,
                        initializeParams,
                        networkType));
    }

    @Override
    public ParamInitializer initializer() {
        // Asked for by a stock constructor, before there is anything inside.
        return quantization == null
                ? super.initializer()
                : new BidirectionalParameters(directions());
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
    public QuantGravesBidirectionalLSTM clone() {
        QuantGravesBidirectionalLSTM copy = (QuantGravesBidirectionalLSTM) super.clone();
        copy.directions = null;
        copy.source = null;
        return copy;
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantGravesBidirectionalLSTM;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantGravesBidirectionalLSTM quantGraves
                        && super.equals(o)
                        && Objects.equals(quantization, quantGraves.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantGravesBidirectionalLSTM("
                + super.toString()
                + ", quantization="
                + quantization
                + ")";
    }
}
