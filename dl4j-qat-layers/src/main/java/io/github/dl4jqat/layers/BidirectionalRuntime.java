package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.recurrent.BidirectionalLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;

/**
 * The running layer behind the quantized bidirectional configurations: two quantized recurrent
 * layers, a quantizer before both where the layer has one, and a quantizer of what they give
 * together, unless they stand side by side. Masks, counters and listeners go the way of the stock
 * layer.
 */
final class BidirectionalRuntime extends BidirectionalLayer
        implements QuantizedBidirectionalLayer, StatefulLayer {

    private final transient Directions directions;
    private final transient TwoSequences sequences;
    private final transient BidirectionalParameters parameters;
    private final transient Layer first;
    private final transient Layer second;
    private final transient Map<String, INDArray> own;
    private final transient LayerState state;
    private final transient InputQuantization inputQuantization;
    private final transient ActivationPass activationPass;
    private final transient DataType dataType;
    private transient INDArray gradients;
    private transient Map<String, INDArray> gradientViews = Map.of();
    private transient Pass pass;

    /** What a training forward pass leaves for the backward pass. */
    private record Pass(INDArray first, INDArray second, ActivationPass.Trace trace) {}

    private BidirectionalRuntime(
            NeuralNetConfiguration conf,
            NeuralNetConfiguration ofPair,
            Directions directions,
            Layer first,
            Layer second,
            INDArray paramsView) {
        super(ofPair, first, second, paramsView);
        setConf(conf);
        this.directions = directions;
        sequences = new TwoSequences(directions.pair());
        this.first = first;
        this.second = second;
        dataType = paramsView.dataType();
        parameters = new BidirectionalParameters(directions);
        own = parameters.ownViews(paramsView);
        // Made last, so that it is what is found at the layer's place.
        state = new LayerState(conf, directions, own, paramsView, this);
        state.quantizers().publish(directions.inputName(), state.quantizers().input());
        if (!directions.together()) {
            String name = conf.getLayer().getLayerName();
            state.quantizers().publish(name, quantizers(forward()).output());
            shareGrid(state.current().group());
        }
        inputQuantization = new InputQuantization(state.quantizers());
        activationPass = new ActivationPass(state.quantizers());
    }

    /** What {@code instantiate} of such a configuration does. */
    static BidirectionalRuntime start(
            Directions ofConfiguration,
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        Directions directions = ofConfiguration.at(index);
        BidirectionalParameters parameters = new BidirectionalParameters(directions);
        parameters.init(conf, paramsView, initializeParams);
        Layer[] running = new Layer[2];
        for (boolean forward : new boolean[] {true, false}) {
            NeuralNetConfiguration inside = conf.clone();
            inside.clearVariables();
            inside.setLayer(directions.layer(forward));
            INDArray part = parameters.part(paramsView, forward);
            // The values are there already.
            running[forward ? 0 : 1] =
                    directions
                            .layer(forward)
                            .instantiate(inside, listeners, index, part, false, networkType);
        }
        // Both have the index of the whole, and would draw the same random numbers.
        ((RecurrentRuntime) NetworkView.unwrap(running[1])).become(1);
        NeuralNetConfiguration ofPair = conf.clone();
        ofPair.setLayer(directions.pair());
        return new BidirectionalRuntime(
                conf, ofPair, directions, running[0], running[1], paramsView);
    }

    @Override
    public QuantizedRecurrentLayer forward() {
        return (QuantizedRecurrentLayer) NetworkView.unwrap(first);
    }

    @Override
    public QuantizedRecurrentLayer backward() {
        return (QuantizedRecurrentLayer) NetworkView.unwrap(second);
    }

    @Override
    public Bidirectional.Mode mode() {
        return directions.mode();
    }

    @Override
    public LayerState state() {
        return state;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        pass = null;
        feed(training, mgr);
        INDArray a = first.activate(training, mgr);
        INDArray b =
                sequences.reversed(second.activate(training, mgr), ArrayType.FF_WORKING_MEM, mgr);
        INDArray both = sequences.combined(a, b, mgr);
        boolean product = training && mode() == Bidirectional.Mode.MUL;
        ActivationPass.Trace trace = new ActivationPass.Trace();
        if (training) {
            pass = new Pass(product ? a.detach() : null, product ? b.detach() : null, trace);
        }
        if (!directions.together()) {
            return both;
        }
        if (!training && !state.calibrating()) {
            INDArray exact =
                    sequences.exact(
                            both,
                            List.of(forward(), backward()),
                            state.quantizers().outputParams(false),
                            state.how().requantization());
            if (exact != null) {
                return mgr.leverageTo(ArrayType.ACTIVATIONS, exact.castTo(dataType));
            }
        }
        return activationPass.forward(both, null, training, mgr, trace);
    }

    /** Gives both layers the input, quantized where this one does it. */
    private void feed(boolean training, LayerWorkspaceMgr mgr) {
        if (state.quantizers().input() == null) {
            return;
        }
        if (training || state.calibrating()) {
            state.noteInput(input());
        }
        INDArray raw = input();
        ArrayType type = training ? ArrayType.INPUT : ArrayType.ACTIVATIONS;
        INDArray x = inputQuantization.forward(raw.castTo(dataType), training, type, mgr);
        if (!training && !state.calibrating() && x != raw) {
            // As an integer NaN is the zero point.
            BooleanIndexing.replaceWhere(x, 0, Conditions.isNan());
        }
        // A graph closes the workspace of what a layer reads before its last layer runs.
        boolean open = mgr.isWorkspaceOpen(ArrayType.INPUT);
        setInput(x, open ? mgr : LayerWorkspaceMgr.noWorkspacesImmutable());
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        if (pass == null) {
            replay(() -> activate(true, mgr));
        }
        INDArray given = epsilon.castTo(dataType);
        INDArray delta =
                directions.together()
                        ? activationPass.backward(given, null, mgr, pass.trace())
                        : given;
        Pair<Gradient, INDArray> a =
                first.backpropGradient(sequences.share(delta, true, pass.second()), mgr);
        INDArray ofSecond = sequences.share(delta, false, pass.first());
        INDArray turned = sequences.reversed(ofSecond, ArrayType.BP_WORKING_MEM, mgr);
        Pair<Gradient, INDArray> b = second.backpropGradient(turned, mgr);
        INDArray epsilonNext =
                a.getSecond()
                        .addi(sequences.reversed(b.getSecond(), ArrayType.BP_WORKING_MEM, mgr));
        inputQuantization.backward(epsilonNext);
        Gradient gradient = new DefaultGradient();
        for (boolean forward : new boolean[] {true, false}) {
            (forward ? a : b)
                    .getFirst()
                    .gradientForVariable()
                    .forEach(
                            (key, g) ->
                                    gradient.setGradientFor(directions.outside(forward, key), g));
        }
        state.commit(gradient, gradientViews);
        pass = null;
        return new Pair<>(gradient, epsilonNext);
    }

    /** Runs a training forward pass that no range may follow. */
    private void replay(Runnable forward) {
        LayerQuantizers ofSecond = quantizers(backward());
        LayerQuantizers ofFirst = quantizers(forward());
        state.quantizers().replay(() -> ofFirst.replay(() -> ofSecond.replay(forward)));
    }

    private static LayerQuantizers quantizers(QuantizedRecurrentLayer inside) {
        return ((StatefulLayer) inside).state().quantizers();
    }

    @Override
    public QuantParams outputParams() {
        return directions.together()
                ? state.quantizers().outputParams(false)
                : forward().outputParams();
    }

    @Override
    public Map<String, INDArray> evaluationParams() {
        Map<String, INDArray> params = new LinkedHashMap<>();
        forward().evaluationParams().forEach((k, v) -> params.put(directions.outside(true, k), v));
        backward()
                .evaluationParams()
                .forEach((k, v) -> params.put(directions.outside(false, k), v));
        return params;
    }

    @Override
    public void setCalibrating(boolean on) {
        forward().setCalibrating(on);
        backward().setCalibrating(on);
        state.quantizers().setCalibrating(on);
    }

    @Override
    public void linkInput(String source) {
        state.linkInput(source);
        if (state.quantizers().input() == null) {
            forward().linkInput(source);
            backward().linkInput(source);
        }
    }

    @Override
    public void linkCombined(CombinedInput parts) {
        state.linkCombined(parts);
        if (state.quantizers().input() == null) {
            forward().linkCombined(parts);
            backward().linkCombined(parts);
        }
    }

    @Override
    public void linkGroup(List<String> layers) {
        state.linkGroup(layers);
        if (!directions.together()) {
            shareGrid(layers);
        }
    }

    /** Side by side both layers are members of the groups that the whole is in. */
    private void shareGrid(List<String> layers) {
        if (!layers.isEmpty()) {
            List<String> members = new ArrayList<>(layers);
            members.add(directions.forwardName());
            state.quantizers().linkGroup(members);
        }
    }

    @Override
    public long numParams() {
        return params().length();
    }

    @Override
    public long numParams(boolean backwards) {
        return numParams();
    }

    @Override
    public Map<String, INDArray> paramTable(boolean backpropParamsOnly) {
        Map<String, INDArray> table = new LinkedHashMap<>();
        first.paramTable(backpropParamsOnly)
                .forEach((key, view) -> table.put(directions.outside(true, key), view));
        second.paramTable(backpropParamsOnly)
                .forEach((key, view) -> table.put(directions.outside(false, key), view));
        table.putAll(own);
        return table;
    }

    private Layer direction(String key) {
        return directions.isForward(key) ? first : second;
    }

    @Override
    public INDArray getParam(String key) {
        return own.containsKey(key)
                ? own.get(key)
                : direction(key).getParam(directions.inside(key));
    }

    @Override
    public void setParam(String key, INDArray value) {
        getParam(key).assign(value);
    }

    @Override
    public void setParams(INDArray params) {
        RunningLayers.copyParameters(
                params, params(), "layer '" + conf().getLayer().getLayerName() + "'");
    }

    @Override
    public INDArray getGradientsViewArray() {
        return gradients;
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray view) {
        gradients = view;
        gradientViews = parameters.ownViews(view);
        first.setBackpropGradientsViewArray(parameters.part(view, true));
        second.setBackpropGradientsViewArray(parameters.part(view, false));
    }

    @Override
    public boolean updaterDivideByMinibatch(String key) {
        return own.containsKey(key)
                ? directions.isTrained(key)
                : direction(key).updaterDivideByMinibatch(directions.inside(key));
    }

    @Override
    public void applyConstraints(int iteration, int epoch) {
        super.applyConstraints(iteration, epoch);
        state.afterUpdate();
    }

    @Override
    public void clear() {
        super.clear();
        inputQuantization.clear();
        pass = null;
    }
}
