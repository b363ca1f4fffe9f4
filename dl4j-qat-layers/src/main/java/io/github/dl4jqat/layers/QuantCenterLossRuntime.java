package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.training.CenterLossOutputLayer;
import org.deeplearning4j.nn.params.CenterLossParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The running layer behind {@link QuantCenterLossOutputLayer}: quantized logits as in {@link
 * QuantOutputRuntime}, and centers of the classes in float, which only training needs:
 *
 * <pre>
 *   loss      L(labels, f(z)) + lambda / 2 * |x - c_label|^2
 *   centers   c_j -= alpha * sum over examples of class j of (c_j - x) / (1 + their number)
 * </pre>
 */
final class QuantCenterLossRuntime extends CenterLossOutputLayer
        implements QuantizedWeightLayer, QuantizedLogits, StatefulLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private static final String WEIGHT = CenterLossParamInitializer.WEIGHT_KEY;
    private static final String BIAS = CenterLossParamInitializer.BIAS_KEY;
    private static final String CENTERS = CenterLossParamInitializer.CENTER_KEY;

    private transient WeightedLayerState q;

    /** The input of the last backward pass; DL4J asks for its logits once more, for the score. */
    private transient INDArray trainedInput;

    QuantCenterLossRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        q = new WeightedLayerState(conf, params, paramsView, this, new DenseOp(), layerId());
    }

    @Override
    public WeightedLayerState state() {
        return q;
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr mgr) {
        if (q.off()) {
            return super.preOutput(training, mgr);
        }
        boolean observe = training && (trainedInput == null || input != trainedInput);
        assertInputSet(false);
        new DenseOp().requireFitting(input, getParam(WEIGHT), layerId());
        INDArray w = getParamWithNoise(WEIGHT, training, mgr);
        INDArray b = getParamWithNoise(BIAS, training, mgr);
        if (!training && !q.calibrating()) {
            INDArray exact = q.exact(input.castTo(dataType), w, b, null, mgr);
            if (exact != null) {
                return exact;
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, observe, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
        INDArray z = q.linear(input.castTo(dataType), w, b, observe, ArrayType.ACTIVATIONS, mgr);
        return q.activation(z, null, observe, mgr);
    }

    @Override
    public INDArray logits(INDArray x) {
        LayerWorkspaceMgr mgr = LayerWorkspaceMgr.noWorkspacesImmutable();
        INDArray before = input;
        setInput(x, mgr);
        try {
            return preOutput(false, mgr);
        } finally {
            input = before;
        }
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        INDArray z = preOutput(training, mgr);
        boolean onGrid = !q.off() && !training && !q.calibrating() && outputParams() != null;
        return onGrid
                ? EndActivation.apply(z, layerConf().getActivationFn(), outputParams())
                : layerConf().getActivationFn().getActivation(z, training);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        if (q.off()) {
            return super.backpropGradient(epsilon, mgr);
        }
        assertInputSet(true);
        forget();
        INDArray z = preOutput(true, mgr);
        INDArray delta =
                layerConf()
                        .getLossFn()
                        .computeGradient(
                                getLabels2d(mgr, ArrayType.BP_WORKING_MEM),
                                z,
                                layerConf().getActivationFn(),
                                maskArray);
        delta = q.backwardActivation(delta, null, mgr);
        INDArray gradW = gradientViews.get(WEIGHT);
        INDArray gradB = gradientViews.get(BIAS);
        Nd4j.gemm(input.castTo(gradW.dataType()), delta, gradW, true, false, 1.0, 0.0);
        q.backwardWeights(getParamWithNoise(WEIGHT, true, mgr), gradW);
        delta.sum(gradB, 0);
        Gradient result = new DefaultGradient();
        result.gradientForVariable().put(WEIGHT, gradW);
        result.gradientForVariable().put(BIAS, gradB);
        result.gradientForVariable().put(CENTERS, gradientOfCenters());
        INDArray w = q.tracedWeights();
        INDArray epsilonNext =
                mgr.createUninitialized(
                        ArrayType.ACTIVATION_GRAD,
                        delta.dataType(),
                        new long[] {w.size(0), delta.size(0)},
                        'f');
        epsilonNext = w.mmuli(delta.transpose(), epsilonNext).transpose();
        epsilonNext.addi(toCenters().muli(layerConf().getLambda()));
        epsilonNext = backpropDropOutIfPresent(epsilonNext);
        q.finishBackward(epsilonNext, result, gradientViews);
        trainedInput = input;
        return new Pair<>(result, epsilonNext);
    }

    private INDArray classes() {
        return labels.castTo(getParam(CENTERS).dataType());
    }

    /** For each example what leads from the center of its class to it. */
    private INDArray toCenters() {
        return input.castTo(dataType).sub(classes().mmul(getParam(CENTERS)));
    }

    private INDArray gradientOfCenters() {
        INDArray classes = classes();
        INDArray pull = classes.transpose().mmul(toCenters().muli(-layerConf().getAlpha()));
        if (layerConf().getGradientCheck()) {
            pull.muli(layerConf().getLambda());
        } else {
            pull.diviColumnVector(classes.sum(0).reshape(classes.size(1), 1).addi(1));
        }
        return gradientViews.get(CENTERS).assign(pull);
    }

    /** The stock layer adds vectors to the scores of the other loss. */
    @Override
    public INDArray computeScoreForExamples(double fullNetRegTerm, LayerWorkspaceMgr mgr) {
        INDArray scores =
                layerConf()
                        .getLossFn()
                        .computeScoreArray(
                                getLabels2d(mgr, ArrayType.FF_WORKING_MEM),
                                preOutput2d(false, mgr),
                                layerConf().getActivationFn(),
                                maskArray);
        INDArray distance = toCenters();
        distance.muli(distance);
        INDArray pulls = distance.sum(true, 1).muli(layerConf().getLambda() / 2);
        scores.addi(pulls.castTo(scores.dataType()).reshape(scores.shape())).addi(fullNetRegTerm);
        return mgr.leverageTo(ArrayType.ACTIVATIONS, scores);
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

    @Override
    public void setInput(INDArray input, LayerWorkspaceMgr mgr) {
        super.setInput(input, mgr);
        forget();
    }

    @Override
    public boolean updaterDivideByMinibatch(String paramName) {
        return QuantParamInitializer.dividedByMinibatch(conf.getLayer(), paramName);
    }

    /** Takes the parameters as {@link #params} gives them. */
    @Override
    public void setParams(INDArray newParams) {
        RunningLayers.copyParameters(newParams, paramsFlattened, layerId());
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
    }

    @Override
    public IntegerWeights integerWeights() {
        return q.integerWeights(getParam(WEIGHT), getParam(BIAS));
    }

    @Override
    public int[] weightLevels() {
        return q.weightLevels(getParam(WEIGHT), getParam(BIAS));
    }
}
