package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.BaseLayer;
import org.deeplearning4j.nn.params.SeparableConvolutionParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The running layer behind {@link QuantSeparableConvolution2D}: a {@link DepthwiseStage}, and a
 * pointwise convolution with all that {@link LinearRuntime} has around its op.
 */
final class SeparableRuntime extends BaseLayer<ConvolutionLayer>
        implements QuantizedSeparableLayer,
                NormalizingLayer,
                StatefulLayer,
                RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private static final String DEPTHWISE =
            SeparableConvolutionParamInitializer.DEPTH_WISE_WEIGHT_KEY;
    private static final String POINTWISE =
            SeparableConvolutionParamInitializer.POINT_WISE_WEIGHT_KEY;
    private static final String BIAS = SeparableConvolutionParamInitializer.BIAS_KEY;

    private final transient DepthwiseOp op;
    private transient DepthwiseStage first;
    private transient WeightedLayerState q;

    SeparableRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
        op = new DepthwiseOp((ConvolutionLayer) conf.getLayer());
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        ConvolutionLayer pixels = new ConvolutionLayer.Builder(1, 1).build();
        q =
                new WeightedLayerState(
                        conf,
                        params,
                        paramsView,
                        this,
                        new ConvolutionOp(pixels),
                        POINTWISE,
                        LinearGrids::behindInner,
                        layerId());
        first = new DepthwiseStage(q.how(), op, q.quantizers(), params, layerId());
    }

    @Override
    public WeightedLayerState state() {
        return q;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        first.requireFitting(input, getParam(DEPTHWISE), layerId());
        INDArray w = getParamWithNoise(DEPTHWISE, training, mgr);
        INDArray p = getParamWithNoise(POINTWISE, training, mgr);
        INDArray b = bias(training, mgr);
        IActivation f = layerConf().getActivationFn();
        if (!training && q.reestimating()) {
            INDArray quantized = q.input(input.castTo(dataType), false, false, mgr);
            INDArray x = op.arranged(quantized, ArrayType.FF_WORKING_MEM, mgr);
            q.reestimate(first.forward(x, w, false, mgr), p, b, maskArray, mgr);
        }
        if (!training && !q.calibrating() && !q.off()) {
            INDArray x = op.arranged(input.castTo(dataType), ArrayType.FF_WORKING_MEM, mgr);
            INDArray inner = first.exact(x, w, mgr);
            INDArray exact = inner == null ? null : q.exact(inner, p, b, f, mgr);
            if (exact != null) {
                return op.inDataFormat(exact, ArrayType.ACTIVATIONS, mgr);
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, training, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
        // The backward pass reads it too, when the working memory of this pass is long gone.
        INDArray x = op.arranged(input.castTo(dataType), ArrayType.ACTIVATIONS, mgr);
        INDArray inner = first.forward(x, w, training, mgr);
        INDArray z = q.linear(inner, p, b, training, null, ArrayType.ACTIVATIONS, mgr);
        INDArray y = q.activation(z, f, training, mgr);
        return op.inDataFormat(y, ArrayType.ACTIVATIONS, mgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        if (!q.hasTrace()) {
            q.quantizers().replay(() -> activate(true, mgr));
        }
        INDArray delta =
                q.backwardActivation(
                        op.arranged(epsilon.castTo(dataType), ArrayType.BP_WORKING_MEM, mgr),
                        layerConf().getActivationFn(),
                        mgr);
        INDArray gradW = gradientViews.get(DEPTHWISE);
        INDArray gradP = gradientViews.get(POINTWISE);
        INDArray gradB = gradientViews.get(BIAS);
        INDArray inner =
                q.backward(
                        getParamWithNoise(POINTWISE, true, mgr),
                        bias(true, mgr),
                        delta,
                        gradP,
                        gradB,
                        null,
                        mgr);
        INDArray epsilonNext =
                first.backward(
                        getParamWithNoise(DEPTHWISE, true, mgr),
                        inner,
                        gradW,
                        q.examples(delta),
                        mgr);
        Gradient gradient = new DefaultGradient();
        if (gradB != null) {
            gradient.setGradientFor(BIAS, gradB);
        }
        gradient.setGradientFor(DEPTHWISE, gradW, 'c');
        gradient.setGradientFor(POINTWISE, gradP, 'c');
        weightNoiseParams.clear();
        epsilonNext = op.inDataFormat(epsilonNext, ArrayType.ACTIVATION_GRAD, mgr);
        epsilonNext = backpropDropOutIfPresent(epsilonNext);
        q.finishBackward(epsilonNext, gradient, gradientViews);
        first.commit(gradientViews);
        return new Pair<>(gradient, epsilonNext);
    }

    private INDArray bias(boolean training, LayerWorkspaceMgr mgr) {
        return hasBias() ? getParamWithNoise(BIAS, training, mgr) : null;
    }

    @Override
    public boolean hasBias() {
        return getParam(BIAS) != null;
    }

    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(
            INDArray mask, MaskState currentMaskState, int minibatchSize) {
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

    /** Takes the parameters as {@link #params} gives them. */
    @Override
    public void setParams(INDArray newParams) {
        RunningLayers.copyParameters(newParams, paramsFlattened, layerId());
    }

    @Override
    public void applyConstraints(int iteration, int epoch) {
        super.applyConstraints(iteration, epoch);
        q.afterUpdate();
        first.afterUpdate(getParam(DEPTHWISE));
    }

    @Override
    public void clear() {
        super.clear();
        q.clear();
        first.clear();
    }

    @Override
    public RunningStatistics runningStatistics() {
        return q.statistics();
    }

    @Override
    public Map<String, INDArray> evaluationParams() {
        Map<String, INDArray> stock = q.evaluationParams(paramTable());
        stock.put(DEPTHWISE, first.evaluationWeights(getParam(DEPTHWISE)));
        return stock;
    }

    @Override
    public QuantParams innerParams() {
        ActivationQuantizer inner = q.quantizers().inner();
        return inner == null ? null : inner.params(false);
    }

    @Override
    public IntegerWeights integerWeights() {
        return q.integerWeights(getParam(POINTWISE), getParam(BIAS));
    }

    @Override
    public IntegerWeights depthwiseWeights() {
        return first.integerWeights(getParam(DEPTHWISE));
    }

    /** Those of the depthwise part, then those of the pointwise part. */
    @Override
    public int[] weightLevels() {
        int[] depthwise = first.weightLevels(getParam(DEPTHWISE));
        int[] pointwise = q.weightLevels(getParam(POINTWISE), getParam(BIAS));
        return depthwise == null
                ? null
                : IntStream.concat(Arrays.stream(depthwise), Arrays.stream(pointwise)).toArray();
    }
}
