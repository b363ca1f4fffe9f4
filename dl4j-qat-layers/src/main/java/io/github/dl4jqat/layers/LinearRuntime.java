package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The running layer behind all configurations that are one {@link LinearOp} between quantizers:
 * dense layers, every kind of convolution, locally connected layers, and batch normalization.
 * Computes in the arrangement that the op wants, and takes and gives the layer's data format.
 */
final class LinearRuntime extends BaseLayer<org.deeplearning4j.nn.conf.layers.BaseLayer>
        implements QuantizedWeightLayer,
                NormalizingLayer,
                StatefulLayer,
                PartOfLayer,
                RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private final transient LinearOp op;
    private final transient SameDiffStandIn standIn;
    private final transient int part;
    private transient WeightedLayerState q;

    LinearRuntime(NeuralNetConfiguration conf, DataType dataType, LinearOp op) {
        this(conf, dataType, op, null, 0);
    }

    /**
     * The same as a part of a layer.
     *
     * @param part see {@link PartOfLayer}
     */
    LinearRuntime(NeuralNetConfiguration conf, DataType dataType, LinearOp op, int part) {
        this(conf, dataType, op, null, part);
    }

    /**
     * The same for a configuration that is no {@code BaseLayer}.
     *
     * @param standIn what stands for it; null where it needs nothing to
     */
    LinearRuntime(
            NeuralNetConfiguration conf, DataType dataType, LinearOp op, SameDiffStandIn standIn) {
        this(conf, dataType, op, standIn, 0);
    }

    private LinearRuntime(
            NeuralNetConfiguration conf,
            DataType dataType,
            LinearOp op,
            SameDiffStandIn standIn,
            int part) {
        super(conf, dataType);
        this.op = op;
        this.standIn = standIn;
        this.part = part;
    }

    @Override
    public int part() {
        return part;
    }

    /** The input from the part before, which lives as long as this layer's own output. */
    void feed(INDArray x) {
        input = x;
        dropoutApplied = false;
    }

    /** Where a part writes the gradients of its parameters, by its own names for them. */
    void setGradientViews(Map<String, INDArray> views) {
        gradientViews = views;
    }

    @Override
    public org.deeplearning4j.nn.conf.layers.BaseLayer layerConf() {
        return standIn == null ? super.layerConf() : standIn;
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        q = new WeightedLayerState(conf, params, paramsView, this, op, layerId());
    }

    /** What makes this layer another than the next. */
    LinearOp op() {
        return op;
    }

    @Override
    public WeightedLayerState state() {
        return q;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        op.requireFitting(input, getParam(DefaultParamInitializer.WEIGHT_KEY), layerId());
        INDArray w = parameter(DefaultParamInitializer.WEIGHT_KEY, training, mgr);
        INDArray b = parameter(DefaultParamInitializer.BIAS_KEY, training, mgr);
        IActivation f = layerConf().getActivationFn();
        if (!training && q.reestimating()) {
            INDArray quantized = q.input(input.castTo(dataType), false, false, mgr);
            INDArray x = op.arranged(quantized, ArrayType.FF_WORKING_MEM, mgr);
            q.reestimate(x, w, b, maskArray, mgr);
        }
        if (!training && !q.calibrating() && !q.off()) {
            INDArray x = op.arranged(input.castTo(dataType), ArrayType.FF_WORKING_MEM, mgr);
            INDArray exact = q.exact(x, w, b, f, mgr);
            if (exact != null) {
                return op.inDataFormat(masked(exact), ArrayType.ACTIVATIONS, mgr);
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, training, mgr);
        }
        if (op.takesDropout()) {
            applyDropOutIfNecessary(training, mgr);
        }
        // The backward pass reads it too, when the working memory of this pass is long gone.
        INDArray x = op.arranged(input.castTo(dataType), ArrayType.ACTIVATIONS, mgr);
        INDArray z = q.linear(x, w, b, training, maskArray, ArrayType.ACTIVATIONS, mgr);
        INDArray y = masked(q.activation(masked(z), f, training, mgr));
        return op.inDataFormat(y, ArrayType.ACTIVATIONS, mgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        if (!q.hasTrace()) {
            q.quantizers().replay(() -> activate(true, mgr));
        }
        INDArray delta =
                masked(
                        q.backwardActivation(
                                op.arranged(
                                        epsilon.castTo(dataType), ArrayType.BP_WORKING_MEM, mgr),
                                layerConf().getActivationFn(),
                                mgr));
        INDArray gradW = gradientViews.get(DefaultParamInitializer.WEIGHT_KEY);
        INDArray gradB = gradientViews.get(DefaultParamInitializer.BIAS_KEY);
        INDArray epsilonNext =
                q.backward(
                        parameter(DefaultParamInitializer.WEIGHT_KEY, true, mgr),
                        parameter(DefaultParamInitializer.BIAS_KEY, true, mgr),
                        delta,
                        gradW,
                        gradB,
                        maskArray,
                        mgr);
        Gradient gradient = new DefaultGradient();
        if (gradB != null) {
            gradient.setGradientFor(DefaultParamInitializer.BIAS_KEY, gradB);
        }
        if (gradW != null) {
            gradient.setGradientFor(DefaultParamInitializer.WEIGHT_KEY, gradW, gradW.ordering());
        }
        weightNoiseParams.clear();
        epsilonNext = op.inDataFormat(epsilonNext, ArrayType.ACTIVATION_GRAD, mgr);
        if (op.takesDropout()) {
            epsilonNext = backpropDropOutIfPresent(epsilonNext);
        }
        q.finishBackward(epsilonNext, gradient, gradientViews);
        // What only another way of training moves, as the decoding half of an autoencoder.
        gradientViews.forEach(
                (key, view) -> {
                    if (gradient.getGradientFor(key) == null) {
                        gradient.setGradientFor(key, view.assign(0));
                    }
                });
        return new Pair<>(gradient, epsilonNext);
    }

    /** A parameter with its noise, or null where the layer has none of that name. */
    private INDArray parameter(String key, boolean training, LayerWorkspaceMgr mgr) {
        return getParam(key) == null ? null : getParamWithNoise(key, training, mgr);
    }

    private INDArray masked(INDArray array) {
        return op.masked(array, maskArray);
    }

    @Override
    public boolean hasBias() {
        return getParam(DefaultParamInitializer.BIAS_KEY) != null;
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(
            INDArray mask, MaskState currentMaskState, int minibatchSize) {
        if (op.masksInNetworks()) {
            maskArray = mask;
            maskState = currentMaskState;
        }
        return op.maskBehind(mask, currentMaskState, minibatchSize);
    }

    @Override
    public Type type() {
        return op.type();
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

    /** Takes the parameters as {@link #params} gives them. */
    @Override
    public void setParams(INDArray newParams) {
        RunningLayers.copyParameters(newParams, paramsFlattened, layerId());
    }

    @Override
    public RunningStatistics runningStatistics() {
        return q.statistics();
    }

    @Override
    public IntegerWeights integerWeights() {
        return q.integerWeights(
                getParam(DefaultParamInitializer.WEIGHT_KEY),
                getParam(DefaultParamInitializer.BIAS_KEY));
    }

    @Override
    public int[] weightLevels() {
        return q.weightLevels(
                getParam(DefaultParamInitializer.WEIGHT_KEY),
                getParam(DefaultParamInitializer.BIAS_KEY));
    }
}
