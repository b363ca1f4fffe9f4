package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.Arrays;
import java.util.Map;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.PReLU;
import org.deeplearning4j.nn.params.PReLUParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The running layer behind {@link QuantPReLULayer}. It computes by itself: ND4J's op for the
 * gradient refuses batches with more than 64 numbers for each slope, and in evaluation the stock
 * layer writes its result over its input, which other layers of a graph may have yet to read.
 */
final class QuantPReluRuntime extends PReLU
        implements StatefulLayer, RunningLayers.Attachable, QuantizedPRelu {

    private static final long serialVersionUID = 1L;

    private transient OutputState q;

    QuantPReluRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        q = new OutputState(conf, params, paramsView, this);
    }

    @Override
    public OutputState state() {
        return q;
    }

    @Override
    public INDArray alpha() {
        return getParam(PReLUParamInitializer.WEIGHT_KEY);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        if (!training && !q.calibrating() && !q.off()) {
            INDArray exact = exact(mgr);
            if (exact != null) {
                return exact;
            }
        }
        if (!dropoutApplied) {
            input = q.input(input.castTo(dataType), training, mgr);
        }
        applyDropOutIfNecessary(training, mgr);
        INDArray y = mgr.dup(ArrayType.ACTIVATIONS, input, 'c').muli(factors());
        return q.output(y, training, mgr);
    }

    /** What each number of the input is multiplied by: its slope, or 1. */
    private INDArray factors() {
        INDArray negative = input.lt(0).castTo(dataType);
        return slopes().muli(negative).addi(negative.rsub(1));
    }

    /** The slope of each number of the input. */
    private INDArray slopes() {
        INDArray alpha = alpha();
        boolean fits = alpha.rank() == input.rank() - 1;
        long[] shape = new long[input.rank()];
        for (int axis = 1; fits && axis < input.rank(); axis++) {
            shape[axis] = alpha.size(axis - 1);
            fits = shape[axis] == 1 || shape[axis] == input.size(axis);
        }
        if (!fits) {
            throw new DL4JInvalidInputException(
                    "Expected input of shape [batch, ...] with slopes "
                            + Arrays.toString(alpha.shape())
                            + " for each example, got "
                            + Arrays.toString(input.shape())
                            + "; set inputShape and sharedAxes to fit. "
                            + layerId());
        }
        shape[0] = 1;
        return alpha.dup('c').reshape('c', shape).broadcast(input.shape());
    }

    private INDArray exact(LayerWorkspaceMgr mgr) {
        QuantParams in = q.quantizers().inputParams(false);
        QuantParams out = q.quantizers().outputParams(false);
        INDArray steps =
                in == null || out == null
                        ? null
                        : q.quantizers().inputSteps(input.castTo(dataType), in);
        if (steps == null) {
            return null;
        }
        double[] values = steps.dup('c').data().asDouble();
        float[] slopes = slopes().dup('c').data().asFloat();
        for (int i = 0; i < values.length; i++) {
            int integer = PReluTable.integer((int) values[i] + in.zeroPoint(), slopes[i], in, out);
            values[i] = LayerQuantizers.value(integer, out, dataType);
        }
        INDArray y = mgr.createUninitialized(ArrayType.ACTIVATIONS, dataType, input.shape(), 'c');
        return y.assign(ChannelValues.array(values, dataType, input.shape()));
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        if (!q.hasTrace()) {
            q.quantizers().replay(() -> activate(true, mgr));
        }
        INDArray delta = q.backward(epsilon.castTo(dataType), mgr);
        INDArray gradW = gradientViews.get(PReLUParamInitializer.WEIGHT_KEY);
        gradW.assign(slopeGradient(Transforms.min(input, 0, true).muli(delta), gradW.shape()));
        INDArray epsilonNext = mgr.dup(ArrayType.ACTIVATION_GRAD, delta, 'c').muli(factors());
        epsilonNext = backpropDropOutIfPresent(epsilonNext);
        Gradient gradient = new DefaultGradient();
        gradient.setGradientFor(PReLUParamInitializer.WEIGHT_KEY, gradW, gradW.ordering());
        q.finishBackward(epsilonNext, gradient, gradientViews);
        return new Pair<>(gradient, epsilonNext);
    }

    /** The sum over the batch and over all numbers that share a slope. */
    private static INDArray slopeGradient(INDArray products, long[] shape) {
        INDArray sum = products.sum(0);
        for (int axis = 0; axis < shape.length; axis++) {
            if (shape[axis] == 1) {
                sum = sum.sum(true, axis);
            }
        }
        return sum.reshape(shape);
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
}
