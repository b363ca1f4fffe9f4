package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.dense.DenseLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The running layer behind {@link QuantDenseLayer}. */
final class QuantDenseRuntime extends DenseLayer
        implements QuantizedWeightLayer, StatefulLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private transient WeightedLayerState q;

    QuantDenseRuntime(NeuralNetConfiguration conf, DataType dataType) {
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
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        if (q.off()) {
            return super.activate(training, mgr);
        }
        assertInputSet(false);
        requireColumns(input, getParam(DefaultParamInitializer.WEIGHT_KEY).size(0), layerId());
        INDArray w = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, training, mgr);
        INDArray b =
                hasBias()
                        ? getParamWithNoise(DefaultParamInitializer.BIAS_KEY, training, mgr)
                        : null;
        IActivation f = layerConf().getActivationFn();
        if (!training && !q.calibrating()) {
            INDArray exact = q.exact(input.castTo(dataType), w, b, f, mgr);
            if (exact != null) {
                return masked(exact);
            }
        }
        prepareInput(training, mgr);
        INDArray z = q.linear(input.castTo(dataType), w, b, training, ArrayType.ACTIVATIONS, mgr);
        return masked(q.activation(masked(z), f, training, mgr));
    }

    private void prepareInput(boolean training, LayerWorkspaceMgr mgr) {
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, training, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
    }

    private INDArray masked(INDArray array) {
        if (maskArray != null) {
            applyMask(array);
        }
        return array;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        if (q.off()) {
            return super.backpropGradient(epsilon, mgr);
        }
        assertInputSet(true);
        if (!q.hasTrace()) {
            q.quantizers().replay(() -> activate(true, mgr));
        }
        INDArray delta = q.backwardActivation(epsilon, layerConf().getActivationFn(), mgr);
        masked(delta);
        Gradient gradient = new DefaultGradient();
        if (hasBias()) {
            INDArray gradB = gradientViews.get(DefaultParamInitializer.BIAS_KEY);
            delta.sum(gradB, 0);
            gradient.gradientForVariable().put(DefaultParamInitializer.BIAS_KEY, gradB);
        }
        INDArray w = q.tracedWeights();
        INDArray epsilonNext =
                mgr.createUninitialized(
                        ArrayType.ACTIVATION_GRAD,
                        delta.dataType(),
                        new long[] {w.size(0), delta.size(0)},
                        'f');
        epsilonNext = w.mmuli(delta.transpose(), epsilonNext).transpose();
        INDArray gradW = gradientViews.get(DefaultParamInitializer.WEIGHT_KEY);
        Nd4j.gemm(input.castTo(gradW.dataType()), delta, gradW, true, false, 1.0, 0.0);
        q.backwardWeights(getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, mgr), gradW);
        gradient.gradientForVariable().put(DefaultParamInitializer.WEIGHT_KEY, gradW);
        weightNoiseParams.clear();
        epsilonNext = backpropDropOutIfPresent(epsilonNext);
        q.finishBackward(epsilonNext, gradient, gradientViews);
        return new Pair<>(gradient, epsilonNext);
    }

    /** A message with both numbers where DL4J would fail somewhere in a matrix product. */
    static void requireColumns(INDArray input, long nIn, String layerId) {
        if (input.rank() != 2 || input.size(1) != nIn) {
            throw new DL4JInvalidInputException(
                    "Expected input of shape [batch, "
                            + nIn
                            + "], got "
                            + java.util.Arrays.toString(input.shape())
                            + "; is a preprocessor missing, or the wrong input type set? "
                            + layerId);
        }
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
