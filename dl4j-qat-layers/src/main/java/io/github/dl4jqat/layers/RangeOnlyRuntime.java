package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.AbstractLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The running layer behind the quantized configurations without weights: a stock running layer, and
 * a quantizer after it.
 */
final class RangeOnlyRuntime extends AbstractLayer<org.deeplearning4j.nn.conf.layers.Layer>
        implements StatefulLayer {

    private static final long serialVersionUID = 1L;

    private final transient Layer stock;
    private final transient ExactForm exactForm;
    private final transient LayerState state;
    private final transient ActivationPass activationPass;

    /** What the layer applies to each number; null for one that does something else. */
    private final transient IActivation function;

    private final transient InputQuantization inputQuantization;
    private final transient Map<String, INDArray> params;
    private transient INDArray paramsView;
    private transient INDArray gradientsView;
    private transient Map<String, INDArray> gradientViews = Map.of();
    private transient ActivationPass.Trace trace;

    /** What the stock layer has read in the last pass. */
    private transient INDArray read;

    RangeOnlyRuntime(
            NeuralNetConfiguration conf,
            DataType dataType,
            Collection<TrainingListener> listeners,
            int index,
            Map<String, INDArray> params,
            INDArray paramsView,
            Layer stock,
            ExactForm exactForm) {
        super(conf, dataType);
        this.stock = stock;
        this.exactForm = exactForm;
        this.params = params;
        this.paramsView = paramsView;
        stock.setIndex(index);
        setListeners(listeners);
        setIndex(index);
        state = new LayerState(conf, params, paramsView, this);
        activationPass = new ActivationPass(state.quantizers());
        inputQuantization = new InputQuantization(state.quantizers());
        function =
                conf.getLayer() instanceof ActivationLayer layer ? layer.getActivationFn() : null;
    }

    @Override
    public LayerState state() {
        return state;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        if (!training && !state.calibrating()) {
            INDArray exact = exact(mgr);
            if (exact != null) {
                return exact;
            }
        }
        if (training || state.calibrating()) {
            state.noteInput(input);
        }
        ArrayType type = training ? ArrayType.INPUT : ArrayType.ACTIVATIONS;
        // A cast makes its array where the backward pass would not find it any more.
        INDArray x =
                input.dataType() == dataType ? input : mgr.leverageTo(type, input.castTo(dataType));
        read = inputQuantization.forward(x, training, type, mgr);
        feedStock(mgr);
        trace = training ? new ActivationPass.Trace() : null;
        if (training && function != null) {
            // Without the copies of its input that the stock layer makes.
            INDArray y = activationPass.forward(stock.input(), function, true, mgr, trace);
            return mgr.leverageTo(ArrayType.ACTIVATIONS, y);
        }
        INDArray z = stock.activate(training, mgr);
        return activationPass.forward(z, null, training, mgr, trace);
    }

    /**
     * A graph closes the workspace of what a layer reads before a layer that is its output runs.
     */
    private void feedStock(LayerWorkspaceMgr mgr) {
        boolean open = mgr.isWorkspaceOpen(ArrayType.INPUT);
        stock.setInput(read, open ? mgr : LayerWorkspaceMgr.noWorkspacesImmutable());
    }

    private INDArray exact(LayerWorkspaceMgr mgr) {
        if (state.quantizers().combined() != null) {
            return exactCombination(mgr);
        }
        QuantParams in = state.quantizers().inputParams(false);
        QuantParams out = state.quantizers().outputParams(false);
        if (in == null || out == null) {
            return null;
        }
        INDArray steps = state.quantizers().inputSteps(input.castTo(dataType), in);
        INDArray y =
                steps == null
                        ? null
                        : exactForm.apply(steps, maskArray, in, out, state.how().requantization());
        return y == null ? null : mgr.leverageTo(ArrayType.ACTIVATIONS, y.castTo(dataType));
    }

    private INDArray exactCombination(LayerWorkspaceMgr mgr) {
        List<QuantParams> in = state.quantizers().combinedParams();
        QuantParams out = state.quantizers().outputParams(false);
        IActivation f = ((ActivationLayer) conf.getLayer()).getActivationFn();
        if (in == null || out == null || maskArray != null || !ActivationTable.isClamp(f)) {
            return null;
        }
        INDArray y =
                CombinedExact.apply(
                        input,
                        state.quantizers().combined(),
                        in,
                        out,
                        f,
                        state.how().requantization());
        return y == null ? null : mgr.leverageTo(ArrayType.ACTIVATIONS, y.castTo(dataType));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        if (trace == null) {
            state.quantizers().replay(() -> activate(true, mgr));
        }
        INDArray delta = activationPass.backward(inOutputShape(epsilon), function, mgr, trace);
        INDArray epsilonNext;
        if (function == null) {
            feedStock(mgr);
            epsilonNext = stock.backpropGradient(delta, mgr).getSecond();
        } else {
            // What comes next may be written into; what came in may not.
            epsilonNext = delta == epsilon ? mgr.dup(ArrayType.ACTIVATION_GRAD, delta) : delta;
        }
        if (takesNorm()) {
            zeroWhereNothingIs(epsilonNext);
        }
        inputQuantization.backward(epsilonNext);
        Gradient gradient = new DefaultGradient();
        state.commit(gradient, gradientViews);
        trace = null;
        return new Pair<>(gradient, mgr.leverageTo(ArrayType.ACTIVATION_GRAD, epsilonNext));
    }

    private boolean takesNorm() {
        return (conf.getLayer() instanceof SubsamplingLayer windows
                        && windows.getPoolingType() == PoolingType.PNORM)
                || (conf.getLayer() instanceof GlobalPoolingLayer all
                        && all.getPoolingType() == PoolingType.PNORM);
    }

    /**
     * A p-norm has no slope along a number that is zero (for p = 1 zero is a subgradient); the
     * stock layer divides zero by zero where a whole window is. In float networks a ReLU before it
     * swallows that; quantized numbers are zero where the ReLU lets its gradient through. Behind
     * the end of a sequence it divides by that zero too, and masks the result only then.
     */
    private void zeroWhereNothingIs(INDArray epsilon) {
        // Not Nd4j.where: in this version it takes its two choices the wrong way round.
        INDArray chosen = Nd4j.createUninitialized(epsilon.dataType(), epsilon.shape());
        Nd4j.exec(
                DynamicCustomOp.builder("select")
                        .addInputs(counted().neq(0), epsilon, Nd4j.zerosLike(epsilon))
                        .addOutputs(chosen)
                        .build());
        epsilon.assign(chosen);
    }

    /** What is pooled, with zeros where a mask leaves steps out. */
    private INDArray counted() {
        if (maskArray == null || maskArray.rank() != 2 || read.rank() != 3) {
            return read;
        }
        long[] shape = {read.size(0), 1, 1};
        shape[read.size(2) == maskArray.size(1) ? 2 : 1] = maskArray.size(1);
        return read.mul(maskArray.castTo(read.dataType()).reshape(shape));
    }

    /** Behind a pooled sequence DL4J hands back a sequence of one step, not the vector it got. */
    private INDArray inOutputShape(INDArray epsilon) {
        return epsilon.rank() == 3
                        && (epsilon.size(2) == 1 || epsilon.size(1) == 1)
                        && conf.getLayer() instanceof GlobalPoolingLayer pooling
                        && pooling.isCollapseDimensions()
                ? epsilon.reshape(epsilon.size(0), epsilon.size(1) * epsilon.size(2))
                : epsilon;
    }

    @Override
    public boolean updaterDivideByMinibatch(String paramName) {
        return false;
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(
            INDArray mask, MaskState currentMaskState, int minibatchSize) {
        Pair<INDArray, MaskState> result =
                stock.feedForwardMaskArray(mask, currentMaskState, minibatchSize);
        if (stock.conf().getLayer() instanceof GlobalPoolingLayer) {
            // It leaves out what the mask names, which integers of all steps would not.
            super.setMaskArray(mask);
        }
        return result;
    }

    @Override
    public void setMaskArray(INDArray mask) {
        super.setMaskArray(mask);
        stock.setMaskArray(mask);
    }

    @Override
    public void clear() {
        super.clear();
        stock.clear();
        inputQuantization.clear();
        trace = null;
        read = null;
    }

    @Override
    public Type type() {
        return stock.type();
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    public void clearNoiseWeightParams() {
        // There are no weights to make noise on.
    }

    @Override
    public INDArray params() {
        return paramsView;
    }

    @Override
    public long numParams() {
        return paramsView == null ? 0 : paramsView.length();
    }

    @Override
    public INDArray getParam(String key) {
        return params.get(key);
    }

    @Override
    public void setParam(String key, INDArray value) {
        params.get(key).assign(value);
    }

    @Override
    public void setParams(INDArray newParams) {
        if (newParams != null && newParams != paramsView) {
            paramsView.assign(newParams.reshape(paramsView.shape()));
        }
    }

    @Override
    public void setParamsViewArray(INDArray view) {
        paramsView = view;
    }

    @Override
    public Map<String, INDArray> paramTable() {
        return params;
    }

    @Override
    public Map<String, INDArray> paramTable(boolean backpropParamsOnly) {
        return params;
    }

    @Override
    public void setParamTable(Map<String, INDArray> table) {
        for (Map.Entry<String, INDArray> e : new LinkedHashMap<>(table).entrySet()) {
            setParam(e.getKey(), e.getValue());
        }
    }

    @Override
    public INDArray getGradientsViewArray() {
        return gradientsView;
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
        gradientsView = gradients;
        gradientViews = conf.getLayer().initializer().getGradientsFromFlattened(conf, gradients);
    }
}
