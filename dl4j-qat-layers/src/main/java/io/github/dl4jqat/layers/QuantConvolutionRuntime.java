package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.convolution.ConvolutionLayer;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;

/**
 * The running layer behind {@link QuantConvolutionLayer}. Computes channels-first inside, whatever
 * the data format.
 */
final class QuantConvolutionRuntime extends ConvolutionLayer
        implements QuantizedWeightLayer, StatefulLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private transient WeightedLayerState q;
    private transient ConvolutionOp op;

    QuantConvolutionRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        op = new ConvolutionOp(layerConf());
        q = new WeightedLayerState(conf, params, paramsView, this, op, layerId());
    }

    @Override
    public WeightedLayerState state() {
        return q;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        validateInputRank();
        INDArray w = getParamWithNoise(ConvolutionParamInitializer.WEIGHT_KEY, training, mgr);
        INDArray b =
                hasBias()
                        ? getParamWithNoise(ConvolutionParamInitializer.BIAS_KEY, training, mgr)
                        : null;
        validateInputDepth(w.size(1));
        IActivation f = layerConf().getActivationFn();
        if (!training && !q.calibrating() && !q.off()) {
            INDArray exact =
                    q.exact(
                            channelsFirst(input.castTo(dataType), ArrayType.FF_WORKING_MEM, mgr),
                            w,
                            b,
                            f,
                            mgr);
            if (exact != null) {
                return inDataFormat(exact, mgr);
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, training, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
        // The backward pass reads it too, when the working memory of this pass is long gone.
        INDArray x = channelsFirst(input.castTo(dataType), ArrayType.ACTIVATIONS, mgr);
        INDArray z = q.linear(x, w, b, training, ArrayType.ACTIVATIONS, mgr);
        return inDataFormat(q.activation(z, f, training, mgr), mgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        if (!q.hasTrace()) {
            q.quantizers().replay(() -> activate(true, mgr));
        }
        INDArray delta =
                q.backwardActivation(
                        channelsFirst(epsilon.castTo(dataType), ArrayType.BP_WORKING_MEM, mgr),
                        layerConf().getActivationFn(),
                        mgr);
        INDArray x = q.tracedInput();
        INDArray gradW = gradientViews.get(ConvolutionParamInitializer.WEIGHT_KEY);
        INDArray gradB = gradientViews.get(ConvolutionParamInitializer.BIAS_KEY);
        INDArray epsilonNext =
                mgr.createUninitialized(
                        ArrayType.ACTIVATION_GRAD, delta.dataType(), x.shape(), 'c');
        INDArray b = hasBias() ? getParam(ConvolutionParamInitializer.BIAS_KEY) : null;
        op.backward(x, q.tracedWeights(), b, delta, epsilonNext, gradW, gradB);
        q.backwardWeights(
                getParamWithNoise(ConvolutionParamInitializer.WEIGHT_KEY, true, mgr), gradW);
        Gradient gradient = new DefaultGradient();
        if (b != null) {
            gradient.setGradientFor(ConvolutionParamInitializer.BIAS_KEY, gradB);
        }
        gradient.setGradientFor(ConvolutionParamInitializer.WEIGHT_KEY, gradW, 'c');
        weightNoiseParams.clear();
        if (channelsLast()) {
            epsilonNext = epsilonNext.permute(0, 2, 3, 1);
        }
        epsilonNext = backpropDropOutIfPresent(epsilonNext);
        q.finishBackward(epsilonNext, gradient, gradientViews);
        return new Pair<>(gradient, epsilonNext);
    }

    private boolean channelsLast() {
        return layerConf().getCnn2dDataFormat() == CNN2DFormat.NHWC;
    }

    /** The native convolution wants rows without gaps. */
    private INDArray channelsFirst(INDArray array, ArrayType type, LayerWorkspaceMgr mgr) {
        if (channelsLast()) {
            return mgr.dup(type, array.permute(0, 3, 1, 2), 'c');
        }
        return array.ordering() == 'c' && Shape.hasDefaultStridesForShape(array)
                ? array
                : mgr.dup(type, array, 'c');
    }

    private INDArray inDataFormat(INDArray array, LayerWorkspaceMgr mgr) {
        return channelsLast()
                ? mgr.dup(ArrayType.ACTIVATIONS, array.permute(0, 2, 3, 1), 'c')
                : array;
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
    public IntegerWeights integerWeights() {
        return q.integerWeights(
                getParam(ConvolutionParamInitializer.WEIGHT_KEY),
                hasBias() ? getParam(ConvolutionParamInitializer.BIAS_KEY) : null);
    }

    @Override
    public int[] weightLevels() {
        return q.weightLevels(
                getParam(ConvolutionParamInitializer.WEIGHT_KEY),
                hasBias() ? getParam(ConvolutionParamInitializer.BIAS_KEY) : null);
    }
}
