package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.GradientEstimators;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * What is inside a bidirectional layer: the quantized twins of its two layers, how the tensors
 * around them are quantized, and how their parameters are called outside. Immutable.
 *
 * <p>Both layers give integers of one grid, that of the union of their ranges. Side by side they
 * are one tensor on that grid, which bears the name of the whole; a sum, mean or product of both
 * gets a quantizer of its own. What quantizes the input, if the layer does, is there once for both.
 */
@SuppressWarnings("deprecation") // GravesLSTM is, but networks have it
final class Directions {

    /** How a parameter of one direction is called outside. */
    enum Keys {
        /** {@code fW}, {@code bW}: those of a Bidirectional. */
        BEFORE("f", "b"),
        /** {@code WF}, {@code WB}: those of a GravesBidirectionalLSTM. */
        BEHIND("F", "B");

        private final String forward;
        private final String backward;

        Keys(String forward, String backward) {
            this.forward = forward;
            this.backward = backward;
        }

        String outside(boolean isForward, String key) {
            String mark = isForward ? forward : backward;
            return this == BEFORE ? mark + key : key + mark;
        }

        boolean isForward(String key) {
            return this == BEFORE ? key.startsWith(forward) : key.endsWith(forward);
        }

        String inside(String key) {
            return this == BEFORE ? key.substring(1) : key.substring(0, key.length() - 1);
        }
    }

    private static final String FORWARD = "/forward";
    private static final String BACKWARD = "/backward";
    private static final String INPUT = "/input";

    private final Bidirectional pair;
    private final Keys keys;
    private final LayerQuantization how;
    private final Layer forward;
    private final Layer backward;
    private final LayerQuantization around;
    private final String name;
    private final List<ExtraParameter> own;

    /**
     * The parts of a layer.
     *
     * @param pair the stock layers, and how what they give is combined
     * @param keys how their parameters are called
     * @param how the quantization of the whole
     * @param name what the names inside begin with, or null
     */
    Directions(Bidirectional pair, Keys keys, LayerQuantization how, String name) {
        this.pair = pair;
        this.keys = keys;
        this.how = how;
        this.name = name == null ? "" : name;
        LayerQuantization q = how.withOutput(observed(how.output())).withPreActivation(null);
        LayerQuantization outside =
                q.withOscillation(null).withWeight(null).withInner(null).withBatchNorm(null);
        around =
                together()
                        ? outside
                        : outside.withGroup(List.of()).withOutput(null).withPreActivation(null);
        LayerQuantization inside =
                q.withPreActivation(how.preActivation())
                        .withInput(null)
                        .withInputFrom(how.input() == null ? how.inputFrom() : inputName())
                        .withCombined(how.input() == null ? how.combined() : null)
                        .withGroup(List.of());
        String second = this.name + BACKWARD;
        String first = this.name + FORWARD;
        List<String> both = how.output() == null ? List.of() : List.of(first, second);
        forward = twin(pair.getFwd(), inside, first);
        backward = twin(pair.getBwd(), inside.withGroup(both), second);
        own = ExtraParameter.around(around);
    }

    /** Two grids that are one are not learned: DL4J's layers share no parameters. */
    private static TensorQuantization observed(TensorQuantization output) {
        return output == null || (output.followsItsRange() && !isLearned(output))
                ? output
                : output.withEstimator(GradientEstimators.clipped());
    }

    private static boolean isLearned(TensorQuantization output) {
        return LayerQuantization.OFF.withOutput(output).learnsActivations();
    }

    /** Whether there is a quantized twin of what is inside a stock layer. */
    static boolean canHold(Layer stock) {
        Layer inside = unwrapped(stock);
        return inside.getClass() == LSTM.class
                || inside.getClass() == GravesLSTM.class
                || (inside.getClass() == SimpleRnn.class && !((SimpleRnn) inside).hasLayerNorm());
    }

    /** Whether the layer inside has a memory. */
    static boolean hasMemory(Layer stock) {
        return !(unwrapped(stock) instanceof SimpleRnn);
    }

    static Layer unwrapped(Layer layer) {
        return layer instanceof LastTimeStep wrapper ? unwrapped(wrapper.getUnderlying()) : layer;
    }

    private static Layer twin(Layer stock, LayerQuantization quantization, String name) {
        Layer twin;
        if (stock instanceof LastTimeStep wrapper) {
            twin = new LastTimeStep(twin(wrapper.getUnderlying(), quantization, name));
        } else if (stock.getClass() == LSTM.class) {
            twin = QuantLSTM.of((LSTM) stock, quantization);
        } else if (stock.getClass() == GravesLSTM.class) {
            twin = QuantGravesLSTM.of((GravesLSTM) stock, quantization);
        } else if (canHold(stock)) {
            twin = QuantSimpleRnn.of((SimpleRnn) stock, quantization);
        } else {
            throw new IllegalArgumentException(
                    "QuantBidirectional: there is no quantized form of the "
                            + stock.getClass().getSimpleName()
                            + " inside of layer '"
                            + stock.getLayerName()
                            + "'; it may hold an LSTM, a GravesLSTM, or a SimpleRnn without layer"
                            + " normalization, each of them in a LastTimeStep too");
        }
        twin.setLayerName(name);
        return twin;
    }

    /** The stock layers, and how what they give is combined. */
    Bidirectional pair() {
        return pair;
    }

    Bidirectional.Mode mode() {
        return pair.getMode();
    }

    /** Whether what both layers give becomes one number, rather than two side by side. */
    boolean together() {
        return mode() != Bidirectional.Mode.CONCAT;
    }

    /** A twin, in its wrappers. */
    Layer layer(boolean isForward) {
        return isForward ? forward : backward;
    }

    /** A twin without them. */
    BaseLayer recurrent(boolean isForward) {
        return (BaseLayer) unwrapped(layer(isForward));
    }

    /** How the input is quantized, and what both give together; not what is in between. */
    LayerQuantization around() {
        return around;
    }

    /** By which name the layers inside find the quantizer of the input. */
    String inputName() {
        return name + INPUT;
    }

    /** By which name others find the layer that reads forward. */
    String forwardName() {
        return name + FORWARD;
    }

    /** The same inside a layer at a place in a network, where layers may share their name. */
    Directions at(int index) {
        return new Directions(pair, keys, how, name + "#" + index);
    }

    /** The parameters that belong to neither direction. */
    List<ExtraParameter> own() {
        return own;
    }

    /** The names of all parameters, in the order of their storage. */
    List<String> allKeys() {
        List<String> all = new ArrayList<>();
        for (boolean isForward : new boolean[] {true, false}) {
            Layer inside = recurrent(isForward);
            inside.initializer().paramKeys(inside).forEach(key -> all.add(outside(isForward, key)));
        }
        own.forEach(extra -> all.add(extra.key()));
        return all;
    }

    /** What a parameter of one direction is called outside. */
    String outside(boolean isForward, String key) {
        return keys.outside(isForward, key);
    }

    private ExtraParameter own(String key) {
        return own.stream().filter(e -> e.key().equals(key)).findAny().orElse(null);
    }

    boolean isOwn(String key) {
        return own(key) != null;
    }

    /** To which direction a parameter belongs that {@link #isOwn} does not know. */
    boolean isForward(String key) {
        return keys.isForward(key);
    }

    /** What such a parameter is called inside. */
    String inside(String key) {
        return keys.inside(key);
    }

    /** The updater of a parameter. */
    IUpdater updater(String key) {
        ExtraParameter extra = own(key);
        BaseLayer inside = recurrent(extra != null || isForward(key));
        return extra == null
                ? inside.getUpdaterByParam(inside(key))
                : QuantParamInitializer.updater(inside, extra);
    }

    /** The penalties on a parameter. */
    List<Regularization> regularization(String key) {
        ExtraParameter extra = own(key);
        return extra == null
                ? recurrent(isForward(key)).getRegularizationByParam(inside(key))
                : QuantParamInitializer.regularization(extra);
    }

    /** Whether DL4J is to divide the gradient of a parameter that is in neither direction. */
    boolean isTrained(String key) {
        return own(key).trained();
    }
}
