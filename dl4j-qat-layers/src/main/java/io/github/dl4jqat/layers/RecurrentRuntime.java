package io.github.dl4jqat.layers;

import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.ops.HeapArrays;
import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.recurrent.BaseRecurrentLayer;
import org.deeplearning4j.nn.params.LSTMParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The running layer behind the quantized recurrent configurations. Keeps its state between calls
 * under the names that Deeplearning4j's own layers use. Backward passes start from the state that
 * the forward pass started from, also in truncated backpropagation.
 */
final class RecurrentRuntime
        extends BaseRecurrentLayer<org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer>
        implements QuantizedRecurrentLayer, StatefulLayer, PartOfLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private static final String OUTPUT = "prevAct";
    private static final String MEMORY = "prevMem";

    private transient RecurrentState q;
    private transient int part;

    /** What a call leaves for the next one to start from. */
    private record Carried(INDArray output, INDArray memory) {
        static Carried from(Map<String, INDArray> map) {
            return new Carried(map.get(OUTPUT), map.get(MEMORY));
        }

        void to(Map<String, INDArray> map) {
            map.put(OUTPUT, output);
            if (memory != null) {
                map.put(MEMORY, memory);
            }
        }
    }

    private record Run(INDArray output, Carried last) {}

    RecurrentRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public int part() {
        return part;
    }

    /** Makes this a part of a layer; see {@link PartOfLayer}. */
    void become(int newPart) {
        part = newPart;
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        q = new RecurrentState(conf, params, paramsView, this, layerId());
    }

    @Override
    public RecurrentState state() {
        return q;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        return run(new Carried(null, null), training, mgr).output();
    }

    @Override
    public INDArray rnnTimeStep(INDArray input, LayerWorkspaceMgr mgr) {
        setInput(input, mgr);
        Run run = run(Carried.from(stateMap), false, mgr);
        run.last().to(stateMap);
        return run.output();
    }

    @Override
    public INDArray rnnActivateUsingStoredState(
            INDArray input, boolean training, boolean storeLastForTBPTT, LayerWorkspaceMgr mgr) {
        setInput(input, mgr);
        Run run = run(Carried.from(tBpttStateMap), training, mgr);
        if (storeLastForTBPTT) {
            run.last().to(tBpttStateMap);
        }
        return run.output();
    }

    private Run run(Carried before, boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        requireFitting(before);
        RecurrentWeights.Raw raw =
                new RecurrentWeights.Raw(
                        getParamWithNoise(LSTMParamInitializer.INPUT_WEIGHT_KEY, training, mgr),
                        getParamWithNoise(LSTMParamInitializer.RECURRENT_WEIGHT_KEY, training, mgr),
                        getParamWithNoise(LSTMParamInitializer.BIAS_KEY, training, mgr));
        double[] keep = maskArray == null ? null : HeapArrays.of(maskArray.castTo(dataType));
        if (!training && !q.calibrating() && !q.off()) {
            Run exact = exact(before, raw, keep, mgr);
            if (exact != null) {
                return exact;
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
        RecurrentPass pass =
                q.forward(
                        permuteIfNWC(input.castTo(dataType)),
                        raw,
                        keep,
                        values(before.output()),
                        values(before.memory()),
                        training);
        INDArray y = pass.output();
        INDArray out = mgr.createUninitialized(ArrayType.ACTIVATIONS, dataType, y.shape(), 'f');
        out.assign(y);
        return new Run(
                permuteIfNWC(out),
                new Carried(detached(pass.lastOutput(), pass), detached(pass.lastMemory(), pass)));
    }

    private Run exact(
            Carried before, RecurrentWeights.Raw raw, double[] keep, LayerWorkspaceMgr mgr) {
        RecurrentCell cell = isBinary(keep) ? q.cell(raw) : null;
        if (cell == null) {
            return null;
        }
        INDArray x = permuteIfNWC(input.castTo(dataType));
        INDArray steps = q.quantizers().inputSteps(x, cell.input());
        if (steps == null) {
            return null;
        }
        RecurrentExact.Result result =
                RecurrentExact.run(
                        cell, q.memoryParams(), steps, keep, before.output(), before.memory(), mgr);
        return new Run(
                permuteIfNWC(result.output()),
                new Carried(
                        result.lastOutput().detach(),
                        result.lastMemory() == null ? null : result.lastMemory().detach()));
    }

    private static boolean isBinary(double[] keep) {
        return keep == null || Arrays.stream(keep).allMatch(k -> k == 0 || k == 1);
    }

    private static double[] values(INDArray state) {
        return state == null ? null : HeapArrays.of(state);
    }

    @SuppressWarnings("try")
    private INDArray detached(double[] state, RecurrentPass pass) {
        if (state == null) {
            return null;
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            INDArray array = Nd4j.createUninitialized(dataType, pass.examples, pass.units);
            HeapArrays.write(state, 0, array);
            return array;
        }
    }

    private void requireFitting(Carried before) {
        long nIn = layerConf().getNIn();
        int features = getDataFormat() == org.deeplearning4j.nn.conf.RNNFormat.NWC ? 2 : 1;
        if (input.rank() != 3 || input.size(features) != nIn) {
            throw new DL4JInvalidInputException(
                    "Expected a sequence of shape "
                            + (features == 1
                                    ? "[batch, " + nIn + ", time]"
                                    : "[batch, time, " + nIn + "]")
                            + ", got "
                            + Arrays.toString(input.shape())
                            + "; is a preprocessor missing, or the wrong input type set? "
                            + layerId());
        }
        if (before.output() != null && before.output().size(0) != input.size(0)) {
            throw new DL4JInvalidInputException(
                    "The state that was kept is for "
                            + before.output().size(0)
                            + " examples, the input has "
                            + input.size(0)
                            + "; call rnnClearPreviousState() between batches of different size. "
                            + layerId());
        }
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        return backward(epsilon, Integer.MAX_VALUE, mgr);
    }

    @Override
    public Pair<Gradient, INDArray> tbpttBackpropGradient(
            INDArray epsilon, int tbpttBackLength, LayerWorkspaceMgr mgr) {
        return backward(epsilon, tbpttBackLength > 0 ? tbpttBackLength : Integer.MAX_VALUE, mgr);
    }

    private Pair<Gradient, INDArray> backward(INDArray epsilon, int length, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        if (!q.hasTrace()) {
            q.quantizers().replay(() -> activate(true, mgr));
        }
        RecurrentWeights.Raw views =
                new RecurrentWeights.Raw(
                        gradientViews.get(LSTMParamInitializer.INPUT_WEIGHT_KEY),
                        gradientViews.get(LSTMParamInitializer.RECURRENT_WEIGHT_KEY),
                        gradientViews.get(LSTMParamInitializer.BIAS_KEY));
        INDArray dx = q.backward(permuteIfNWC(epsilon.castTo(dataType)), length, views);
        INDArray epsilonNext =
                mgr.createUninitialized(ArrayType.ACTIVATION_GRAD, dataType, dx.shape(), 'f');
        epsilonNext.assign(dx);
        Gradient gradient = new DefaultGradient();
        gradient.setGradientFor(LSTMParamInitializer.INPUT_WEIGHT_KEY, views.input());
        gradient.setGradientFor(LSTMParamInitializer.RECURRENT_WEIGHT_KEY, views.recurrent());
        gradient.setGradientFor(LSTMParamInitializer.BIAS_KEY, views.bias());
        weightNoiseParams.clear();
        epsilonNext = backpropDropOutIfPresent(permuteIfNWC(epsilonNext));
        q.finishBackward(epsilonNext, gradient, gradientViews);
        return new Pair<>(gradient, epsilonNext);
    }

    /**
     * Only the plain recurrent layer takes the network's mask; an LSTM passes it by, as in DL4J.
     */
    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(
            INDArray mask, MaskState currentMaskState, int minibatchSize) {
        return q.kind().hasMemory()
                ? new Pair<>(mask, MaskState.Passthrough)
                : super.feedForwardMaskArray(mask, currentMaskState, minibatchSize);
    }

    @Override
    public Type type() {
        return Type.RECURRENT;
    }

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    public boolean updaterDivideByMinibatch(String paramName) {
        return QuantParamInitializer.dividedByMinibatch(conf.getLayer(), paramName);
    }

    @Override
    public void applyConstraints(int iteration, int epoch) {
        super.applyConstraints(iteration, epoch);
        q.afterUpdate();
    }

    @Override
    public void clear() {
        super.clear();
        q.clear();
    }

    @Override
    public RecurrentCell integerCell() {
        return q.requiredCell();
    }

    @Override
    public int[] weightLevels() {
        return q.weightLevels();
    }
}
