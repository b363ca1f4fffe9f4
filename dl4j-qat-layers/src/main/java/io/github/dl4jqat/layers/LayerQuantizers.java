package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.indexing.BooleanIndexing;
import org.nd4j.linalg.indexing.conditions.Conditions;

/**
 * The activation quantizers of one running layer: input, pre-activation and output, and the way to
 * the quantizer of the incoming tensor. Belongs to that layer; not thread-safe.
 */
final class LayerQuantizers implements LinearGrids {

    private final ActivationQuantizer input;
    private final ActivationQuantizer preActivation;
    private final ActivationQuantizer output;
    private final ActivationQuantizer inner;
    private final NetworkScope scope;
    private final TrainingClock clock;
    private final int index;
    private final String name;
    private String inputFrom;
    private CombinedInput combined;
    private boolean calibrating;
    private boolean replaying;

    LayerQuantizers(
            LayerQuantization how,
            Map<String, INDArray> params,
            INDArray paramsView,
            Layer layer,
            String name) {
        this.index = layer.getIndex();
        this.name = name;
        this.inputFrom = how.inputFrom();
        this.combined = how.combined();
        clock = new TrainingClock(layer, how.schedule());
        input = quantizer(how.input(), ExtraParameter.INPUT, params);
        preActivation = quantizer(how.preActivation(), ExtraParameter.PRE_ACTIVATION, params);
        output = quantizer(how.output(), ExtraParameter.OUTPUT, params);
        inner = quantizer(how.inner(), ExtraParameter.INNER, params);
        scope = paramsView == null ? null : NetworkScope.of(paramsView);
        if (scope != null && output != null) {
            if (PartOfLayer.of(layer) == 0) {
                scope.publish(index, name, output);
            } else {
                scope.publish(name, output);
            }
            if (name != null) {
                scope.group(name, how.group());
                output.share(() -> scope.sharing(name));
            }
        }
    }

    /** Lets others find a quantizer under a name; null for none does nothing. */
    void publish(String as, ActivationQuantizer quantizer) {
        if (scope != null && as != null && quantizer != null) {
            scope.publish(as, quantizer);
        }
    }

    private static ActivationQuantizer quantizer(
            TensorQuantization t, String tensor, Map<String, INDArray> params) {
        return t == null ? null : new ActivationQuantizer(t, tensor, params);
    }

    @Override
    public TrainingClock clock() {
        return clock;
    }

    void setCalibrating(boolean on) {
        calibrating = on;
    }

    /**
     * Runs a training forward pass that no range may follow: the backward pass of a layer whose
     * forward pass ran in evaluation mode, because it is frozen.
     */
    void replay(Runnable forward) {
        replaying = true;
        try {
            forward.run();
        } finally {
            replaying = false;
        }
    }

    /** Whether such a pass is running. */
    boolean isReplaying() {
        return replaying;
    }

    void linkInput(String layer) {
        inputFrom = layer;
        combined = null;
    }

    void linkCombined(CombinedInput parts) {
        combined = parts;
    }

    void linkGroup(List<String> layers) {
        if (scope != null && name != null) {
            scope.group(name, layers);
        }
    }

    /** What the incoming tensor is made of; null where it comes from one layer. */
    CombinedInput combined() {
        return combined;
    }

    /** The grids of what the incoming tensor is made of; null as long as one is not known. */
    List<QuantParams> combinedParams() {
        List<QuantParams> found = new ArrayList<>();
        for (String layer : combined.from()) {
            ActivationQuantizer q = scope == null ? null : scope.named(layer);
            QuantParams params = q == null ? null : q.params(false);
            if (params == null) {
                return null;
            }
            found.add(params);
        }
        return found;
    }

    ActivationQuantizer input() {
        return input;
    }

    ActivationQuantizer preActivation() {
        return preActivation;
    }

    ActivationQuantizer output() {
        return output;
    }

    /** The quantizer of the tensor inside the layer, or null. */
    ActivationQuantizer inner() {
        return inner;
    }

    @Override
    public QuantParams inputParams(boolean training) {
        if (input != null) {
            return input.params(training);
        }
        ActivationQuantizer source = null;
        if (scope != null && combined == null) {
            source = inputFrom == null ? scope.before(index) : scope.named(inputFrom);
        }
        return source == null ? null : source.params(training);
    }

    @Override
    public QuantParams preActivationParams(boolean training) {
        return preActivation == null ? null : preActivation.params(training);
    }

    @Override
    public QuantParams outputParams(boolean training) {
        return output == null ? null : output.params(training);
    }

    /**
     * Observes in training and calibration, and gives what quantizes now: null for nothing, which
     * is also what calibration gets.
     */
    QuantizerPass observe(ActivationQuantizer q, INDArray x, boolean training) {
        return observe(q, x, false, training);
    }

    /** The same, and where {@code rectified}, of what a ReLU makes of the tensor. */
    QuantizerPass observe(ActivationQuantizer q, INDArray x, boolean rectified, boolean training) {
        if (q == null) {
            return null;
        }
        if (calibrating) {
            q.observe(x, rectified, false);
            q.commit(null, false);
            return null;
        }
        if (training && replaying) {
            q.forget();
        } else if (training) {
            q.begin();
            q.observe(x, rectified, clock.areRangesFrozen());
            if (clock.isCalibrating()) {
                return null;
            }
        }
        QuantizerPass pass = q.pass(training, clock.moment(training, tensor(q)));
        return rectified && pass != null ? pass.behindRelu() : pass;
    }

    /**
     * What quantizes now, for a layer that looks at a tensor only after it has used it: null for
     * nothing, which is also what calibration gets.
     */
    QuantizerPass current(ActivationQuantizer q, boolean training) {
        return q == null || unquantized(training)
                ? null
                : q.pass(training, clock.moment(training, tensor(q)));
    }

    /** Whether this pass is to see activations as they are, to learn their ranges. */
    boolean unquantized(boolean training) {
        return calibrating || (training && !replaying && clock.isCalibrating());
    }

    /** Looks at a tensor, if it is the time for that. */
    void look(ActivationQuantizer q, double[] values, boolean training) {
        if (q == null) {
            return;
        }
        if (calibrating) {
            q.observe(values, false);
            q.commit(null, false);
        } else if (training && !replaying) {
            q.observe(values, clock.areRangesFrozen());
        }
    }

    /** Whether a table stands between the accumulator and the output. */
    @Override
    public boolean needsTable(IActivation f) {
        return ActivationTable.isNeeded(f, output == null ? null : output.how().spec());
    }

    private int tensor(ActivationQuantizer q) {
        if (q == input) {
            return TrainingClock.INPUT;
        }
        if (q == inner) {
            return TrainingClock.INNER;
        }
        return q == output ? TrainingClock.OUTPUT : TrainingClock.PRE_ACTIVATION;
    }

    /** {@code x} quantized into a new array of that kind. */
    static INDArray quantized(
            INDArray x, QuantizerPass pass, ArrayType type, LayerWorkspaceMgr mgr) {
        INDArray y = mgr.createUninitialized(type, x.dataType(), x.shape(), 'c');
        if (!Shape.hasDefaultStridesForShape(x)) {
            y.assign(x);
            pass.forward(y, y);
        } else {
            pass.forward(x, y);
        }
        return y;
    }

    /**
     * The steps of the incoming tensor, in an array of its own: quantized here if the layer has an
     * input quantizer, else read off the grid that the producing layer put it on.
     *
     * @return null if the tensor is not on that grid: something in between changed it
     */
    @Override
    public INDArray inputSteps(INDArray x, QuantParams p) {
        if (!LinearPass.carriesIntegers(x.dataType())) {
            return null;
        }
        if (input != null) {
            INDArray steps = x.ulike();
            TensorKernels.steps(x, steps, p, 0);
            // As an integer NaN is the zero point; here it would spoil every other example too.
            BooleanIndexing.replaceWhere(steps, 0, Conditions.isNan());
            return steps;
        }
        return stepsOnGrid(x, p);
    }

    /** The steps of a tensor that something else has put on its grid; null if it is not there. */
    static INDArray stepsOnGrid(INDArray x, QuantParams p) {
        if (!LinearPass.carriesIntegers(x.dataType())) {
            return null;
        }
        INDArray steps = x.ulike();
        return TensorKernels.stepsOnGrid(x, steps, p) == 0 ? steps : null;
    }

    /** The real number of an integer, as arrays of that type hold it. */
    static double value(int q, QuantParams p, DataType type) {
        return type == DataType.DOUBLE
                ? (q - p.zeroPoint()) * (double) p.scale()
                : p.dequantize(q, 0);
    }

    /** Whether calibration is on. */
    boolean calibrating() {
        return calibrating;
    }

    /** Writes down what the last training pass has moved, and the learned gradients. */
    void commit(Map<String, INDArray> gradientViews) {
        for (ActivationQuantizer q :
                new ActivationQuantizer[] {input, preActivation, output, inner}) {
            if (q != null) {
                q.commit(gradientViews, clock.isFrozen());
            }
        }
    }

    /** Brings learned parameters back within their bounds after an update. */
    void afterUpdate() {
        for (ActivationQuantizer q :
                new ActivationQuantizer[] {input, preActivation, output, inner}) {
            if (q != null) {
                q.learned().afterUpdate();
            }
        }
    }
}
