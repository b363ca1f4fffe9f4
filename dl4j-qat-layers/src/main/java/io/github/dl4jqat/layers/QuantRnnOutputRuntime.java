package io.github.dl4jqat.layers;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.recurrent.RnnOutputLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The running layer behind {@link QuantRnnOutputLayer}: {@link QuantOutputRuntime} for each time
 * step. Sequences {@code [m, n, T]} become rows {@code [T * m, n]}, in the order that DL4J gives
 * labels and masks.
 */
final class QuantRnnOutputRuntime extends RnnOutputLayer
        implements QuantizedWeightLayer, QuantizedLogits, StatefulLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private static final int SEQUENCE_RANK = 3;

    private transient WeightedLayerState q;

    /** The rows of the last forward pass. */
    private transient INDArray rows;

    /** The input of the last backward pass; DL4J asks for its logits once more, for the score. */
    private transient INDArray trainedInput;

    QuantRnnOutputRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public void attach(java.util.Map<String, INDArray> params, INDArray paramsView) {
        q = new WeightedLayerState(conf, params, paramsView, this, new DenseOp(), layerId());
    }

    @Override
    public WeightedLayerState state() {
        return q;
    }

    private boolean channelsLast() {
        return layerConf().getRnnDataFormat() == RNNFormat.NWC;
    }

    private INDArray channelsFirst(INDArray sequence) {
        return channelsLast() ? sequence.permute(0, 2, 1) : sequence;
    }

    private static INDArray rows(INDArray sequence) {
        return sequence.permute(2, 0, 1)
                .dup('c')
                .reshape('c', sequence.size(2) * sequence.size(0), sequence.size(1));
    }

    /** Rows as a sequence in the layer's data format. */
    private INDArray sequence(INDArray all, ArrayType type, LayerWorkspaceMgr mgr) {
        long examples = input.size(0);
        INDArray byStep = all.dup('c').reshape('c', all.size(0) / examples, examples, all.size(1));
        INDArray view = byStep.permute(1, 2, 0);
        INDArray result = mgr.createUninitialized(type, all.dataType(), view.shape(), 'f');
        return channelsFirst(result.assign(view));
    }

    @Override
    protected INDArray preOutput2d(boolean training, LayerWorkspaceMgr mgr) {
        if (q.off()) {
            return super.preOutput2d(training, mgr);
        }
        boolean observe = training && (trainedInput == null || input != trainedInput);
        assertInputSet(false);
        requireFitting();
        INDArray w = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, training, mgr);
        INDArray b =
                hasBias()
                        ? getParamWithNoise(DefaultParamInitializer.BIAS_KEY, training, mgr)
                        : null;
        if (!training && !q.calibrating()) {
            INDArray exact = q.exact(rows(channelsFirst(input.castTo(dataType))), w, b, null, mgr);
            if (exact != null) {
                return masked(exact);
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, observe, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
        rows = rows(channelsFirst(input.castTo(dataType)));
        INDArray z = q.linear(rows, w, b, observe, ArrayType.ACTIVATIONS, mgr);
        return q.activation(masked(z), null, observe, mgr);
    }

    private void requireFitting() {
        long nIn = getParam(DefaultParamInitializer.WEIGHT_KEY).size(0);
        if (input.rank() != SEQUENCE_RANK || input.size(channelsLast() ? 2 : 1) != nIn) {
            throw new DL4JInvalidInputException(
                    "Expected a sequence of shape "
                            + (channelsLast()
                                    ? "[batch, time, " + nIn + "]"
                                    : "[batch, " + nIn + ", time]")
                            + ", got "
                            + Arrays.toString(input.shape())
                            + "; is a preprocessor missing, or the wrong input type set? "
                            + layerId());
        }
    }

    @Override
    public INDArray logits(INDArray x) {
        LayerWorkspaceMgr mgr = LayerWorkspaceMgr.noWorkspacesImmutable();
        INDArray before = input;
        setInput(x, mgr);
        try {
            return sequence(preOutput2d(false, mgr), ArrayType.ACTIVATIONS, mgr);
        } finally {
            input = before;
        }
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        if (q.off()) {
            return super.activate(training, mgr);
        }
        INDArray z = preOutput2d(training, mgr);
        boolean onGrid = !training && !q.calibrating() && outputParams() != null;
        INDArray y =
                onGrid
                        ? EndActivation.apply(z, layerConf().getActivationFn(), outputParams())
                        : layerConf().getActivationFn().getActivation(z, training);
        return sequence(masked(y), ArrayType.ACTIVATIONS, mgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        if (q.off()) {
            return super.backpropGradient(epsilon, mgr);
        }
        assertInputSet(true);
        requireLabels();
        forget();
        INDArray z = preOutput2d(true, mgr);
        INDArray delta =
                layerConf()
                        .getLossFn()
                        .computeGradient(
                                getLabels2d(mgr, ArrayType.BP_WORKING_MEM),
                                z,
                                layerConf().getActivationFn(),
                                maskArray);
        delta = q.backwardActivation(delta, null, mgr);
        Gradient result = new DefaultGradient();
        INDArray gradW = gradientViews.get(DefaultParamInitializer.WEIGHT_KEY);
        Nd4j.gemm(rows.castTo(gradW.dataType()), delta, gradW, true, false, 1.0, 0.0);
        q.backwardWeights(
                getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, mgr),
                gradW,
                input.size(0));
        result.gradientForVariable().put(DefaultParamInitializer.WEIGHT_KEY, gradW);
        if (hasBias()) {
            INDArray gradB = gradientViews.get(DefaultParamInitializer.BIAS_KEY);
            delta.sum(gradB, 0);
            result.gradientForVariable().put(DefaultParamInitializer.BIAS_KEY, gradB);
        }
        INDArray epsilonNext =
                sequence(delta.mmul(q.tracedWeights().transpose()), ArrayType.ACTIVATION_GRAD, mgr);
        epsilonNext = backpropDropOutIfPresent(epsilonNext);
        q.finishBackward(epsilonNext, result, gradientViews);
        trainedInput = input;
        return new Pair<>(result, epsilonNext);
    }

    private void requireLabels() {
        int time = channelsLast() ? 1 : 2;
        if (labels.rank() != SEQUENCE_RANK || labels.size(time) != input.size(time)) {
            throw new DL4JInvalidInputException(
                    "Labels of shape "
                            + Arrays.toString(labels.shape())
                            + " for an input of shape "
                            + Arrays.toString(input.shape())
                            + "; both should be sequences of the same length "
                            + layerId());
        }
    }

    @Override
    public void computeGradientAndScore(LayerWorkspaceMgr mgr) {
        if (q.off()) {
            super.computeGradientAndScore(mgr);
        } else if (input != null && labels != null) {
            gradient = backpropGradient(null, mgr).getFirst();
            score = computeScore(0, true, mgr);
        }
    }

    private INDArray masked(INDArray array) {
        if (maskArray != null) {
            applyMask(array);
        }
        return array;
    }

    @Override
    public void setInput(INDArray input, LayerWorkspaceMgr workspaceMgr) {
        super.setInput(input, workspaceMgr);
        forget();
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
        forget();
    }

    private void forget() {
        trainedInput = null;
        rows = null;
    }

    @Override
    public IntegerWeights integerWeights() {
        return q.integerWeights(
                getParam(DefaultParamInitializer.WEIGHT_KEY),
                hasBias() ? getParam(DefaultParamInitializer.BIAS_KEY) : null);
    }

    @Override
    public int[] weightLevels() {
        return q.weightLevels(
                getParam(DefaultParamInitializer.WEIGHT_KEY),
                hasBias() ? getParam(DefaultParamInitializer.BIAS_KEY) : null);
    }
}
