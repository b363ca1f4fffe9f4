package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.OutputLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The running layer behind {@link QuantOutputLayer}: quantizes the logits, not the probabilities,
 * so the loss sees the activation function that it was made for.
 */
final class QuantOutputRuntime extends OutputLayer
        implements QuantizedWeightLayer, QuantizedLogits, StatefulLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private transient WeightedLayerState q;

    /**
     * The input of the last backward pass. DL4J asks for its logits once more, for the score; that
     * must not be taken for another batch.
     */
    private transient INDArray trainedInput;

    QuantOutputRuntime(NeuralNetConfiguration conf, DataType dataType) {
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
        new DenseOp()
                .requireFitting(input, getParam(DefaultParamInitializer.WEIGHT_KEY), layerId());
        INDArray w = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, training, mgr);
        INDArray b =
                hasBias()
                        ? getParamWithNoise(DefaultParamInitializer.BIAS_KEY, training, mgr)
                        : null;
        if (!training && !q.calibrating()) {
            INDArray exact = q.exact(input.castTo(dataType), w, b, null, mgr);
            if (exact != null) {
                return masked(exact);
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, observe, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
        INDArray z = q.linear(input.castTo(dataType), w, b, observe, ArrayType.ACTIVATIONS, mgr);
        return q.activation(masked(z), null, observe, mgr);
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
        if (q.off() || training || q.calibrating() || outputParams() == null) {
            INDArray z = preOutput(training, mgr);
            return masked(layerConf().getActivationFn().getActivation(z, training));
        }
        return masked(
                EndActivation.apply(
                        preOutput(false, mgr), layerConf().getActivationFn(), outputParams()));
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
        Gradient result = new DefaultGradient();
        INDArray gradW = gradientViews.get(DefaultParamInitializer.WEIGHT_KEY);
        Nd4j.gemm(input.castTo(gradW.dataType()), delta, gradW, true, false, 1.0, 0.0);
        q.backwardWeights(getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, mgr), gradW);
        result.gradientForVariable().put(DefaultParamInitializer.WEIGHT_KEY, gradW);
        if (hasBias()) {
            INDArray gradB = gradientViews.get(DefaultParamInitializer.BIAS_KEY);
            delta.sum(gradB, 0);
            result.gradientForVariable().put(DefaultParamInitializer.BIAS_KEY, gradB);
        }
        INDArray w = q.tracedWeights();
        INDArray epsilonNext =
                mgr.createUninitialized(
                        ArrayType.ACTIVATION_GRAD,
                        delta.dataType(),
                        new long[] {w.size(0), delta.size(0)},
                        'f');
        epsilonNext = w.mmuli(delta.transpose(), epsilonNext).transpose();
        epsilonNext = backpropDropOutIfPresent(epsilonNext);
        q.finishBackward(epsilonNext, result, gradientViews);
        trainedInput = input;
        return new Pair<>(result, epsilonNext);
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
    public void setInput(INDArray input, LayerWorkspaceMgr mgr) {
        super.setInput(input, mgr);
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
