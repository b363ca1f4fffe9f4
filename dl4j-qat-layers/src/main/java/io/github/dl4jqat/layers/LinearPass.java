package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.ClippedStraightThrough;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.Bias;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantizer;
import io.github.dl4jqat.quant.Symmetry;
import java.util.BitSet;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the quantized layers with weights share: quantizers around one linear op. Training computes
 * with fake-quantized reals; evaluation computes on the integers themselves, carried as
 * whole-numbered floats, and so gives what the integer model will give, to the last bit:
 *
 * <pre>
 *   acc = op(q_x - z_x, q_w)                 exact: kept below 2^24 (2^53 for doubles)
 *   q_y = requantize(acc + q_b)              the engine's own function
 * </pre>
 *
 * <p>Belongs to one running layer; not thread-safe, as DL4J's layers are not.
 */
final class LinearPass {

    private static final Logger LOG = LoggerFactory.getLogger(LinearPass.class);

    private final LayerQuantization how;
    private final LinearOp op;
    private final LayerQuantizers quantizers;
    private final String layerId;
    private final BitSet warnedChannels = new BitSet();

    private INDArray weightBuffer;
    private INDArray stepBuffer;

    LinearPass(LayerQuantization how, LinearOp op, LayerQuantizers quantizers, String layerId) {
        this.how = how;
        this.op = op;
        this.quantizers = quantizers;
        this.layerId = layerId;
    }

    /** What a training forward pass leaves for the backward pass. */
    static final class Trace {
        INDArray input;
        INDArray weights;
        QuantParams weightParams;
    }

    /**
     * {@code z} with fake-quantized weights and bias, and the input as it is (already on its grid).
     *
     * @param trace receives the weights that were used; may be null
     */
    INDArray linear(
            INDArray x,
            INDArray w,
            INDArray b,
            boolean training,
            ArrayType type,
            LayerWorkspaceMgr mgr,
            Trace trace) {
        INDArray weights = w;
        INDArray bias = b;
        QuantParams weightParams = null;
        if (how.weight() != null) {
            QuantParams input = quantizers.inputParams(training);
            weightParams = weightParams(w, b, input);
            weightBuffer = bufferLike(w, weightBuffer);
            weights = weightBuffer;
            TensorKernels.fakeQuantize(w, weights, weightParams, op.outputAxisOfWeights());
            if (b != null && input != null && biasIsQuantized(weightParams)) {
                bias = fakeQuantizedBias(b, input, weightParams);
            }
        }
        if (trace != null) {
            trace.input = x;
            trace.weights = weights;
            trace.weightParams = weightParams;
        }
        return op.apply(x, weights, bias, type, mgr);
    }

    /**
     * The evaluation pass on integers.
     *
     * @param f the activation function that belongs between accumulator and output, or null
     * @return the output, or null if some part of the layer is not quantized, its input is not on a
     *     known grid, or nothing has been observed yet
     */
    INDArray exact(INDArray x, INDArray w, INDArray b, IActivation f, LayerWorkspaceMgr mgr) {
        QuantParams input = quantizers.inputParams(false);
        QuantParams output = quantizers.outputParams(false);
        boolean table = f != null && !ActivationTable.isClamp(f);
        QuantParams requantized = table ? quantizers.preActivationParams(false) : output;
        if (how.weight() == null
                || how.weight().spec().granularity().kind() == Granularity.Kind.PER_GROUP
                || input == null
                || output == null
                || requantized == null
                || (table && !ActivationTable.isElementwise(f))) {
            return null;
        }
        INDArray steps = quantizers.inputSteps(x, input);
        if (steps == null) {
            return null;
        }
        QuantParams weightParams = weightParams(w, b, input);
        stepBuffer = bufferLike(w, stepBuffer);
        TensorKernels.steps(w, stepBuffer, weightParams, op.outputAxisOfWeights());
        INDArray acc = ExactSum.of(op, steps, stepBuffer, input);
        int[] bias =
                integerBias(b, input, weightParams, Math.toIntExact(acc.size(op.channelAxis())));
        boolean clamp = f != null && !table;
        Requantizer requantizer =
                Requantizer.of(
                        how.requantization(),
                        input.scale(),
                        weightParams.scales(),
                        requantized,
                        clamp ? ActivationTable.lowest(f, requantized) : requantized.spec().qMin(),
                        clamp
                                ? ActivationTable.highest(f, requantized)
                                : requantized.spec().qMax());
        TensorKernels.requantize(acc, acc, bias, requantizer, requantized, op.channelAxis());
        if (table) {
            int[] integers = ActivationTable.table(f, requantized, output);
            double[] values = new double[integers.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = quantizers.value(integers[i], output, w.dataType());
            }
            TensorKernels.lookup(acc, acc, requantized, values);
        }
        INDArray y = mgr.createUninitialized(ArrayType.ACTIVATIONS, w.dataType(), acc.shape(), 'c');
        return y.assign(acc);
    }

    /** The integers of weights and bias, output channel first. */
    QuantizedWeightLayer.IntegerWeights integerWeights(INDArray w, INDArray b) {
        QuantParams input = quantizers.inputParams(false);
        if (how.weight() == null || input == null) {
            throw new IllegalStateException(
                    layerId
                            + (how.weight() == null
                                    ? ": its weights are not quantized; give it a weightQuant"
                                    : ": the scale of its input is not known; calibrate the"
                                            + " network, or name the layer that quantizes the input"
                                            + " with inputFrom"));
        }
        if (!finite(w) || (b != null && !finite(b))) {
            throw new IllegalStateException(
                    "its weights or biases are not finite; the training has diverged, go back to"
                            + " an earlier state or a smaller learning rate");
        }
        QuantParams p = weightParams(w, b, input);
        INDArray steps = Nd4j.createUninitialized(w.dataType(), w.shape(), w.ordering());
        TensorKernels.steps(w, steps, p, op.outputAxisOfWeights());
        INDArray channelFirst =
                op.outputAxisOfWeights() == 0 ? steps.dup('c') : steps.transpose().dup('c');
        int channels = Math.toIntExact(channelFirst.size(0));
        return new QuantizedWeightLayer.IntegerWeights(
                channelFirst.data().asInt(), p, integerBias(b, input, p, channels));
    }

    private static boolean finite(INDArray x) {
        return !x.isNaN().any() && !x.isInfinite().any();
    }

    /** The gradient of the weights from that of the quantized weights, in place. */
    void backwardWeights(INDArray w, INDArray grad, Trace trace) {
        if (trace.weightParams != null && !nothingToClip()) {
            EstimatorKernels.backward(
                    w,
                    grad,
                    grad,
                    trace.weightParams,
                    new double[0][],
                    op.outputAxisOfWeights(),
                    how.weight().estimator().kernel(how.weight().spec(), Moment.EVALUATION));
        }
    }

    /**
     * Whether the rule is to clip, and no weight can be outside: the range of a symmetric signed
     * spec is that of these very weights. Only the rounding of its scale to a float would put the
     * largest weight of a channel outside, every second one in a network of doubles, and stop its
     * training.
     */
    private boolean nothingToClip() {
        return how.weight().estimator() instanceof ClippedStraightThrough
                && how.weight().spec().symmetry() == Symmetry.SYMMETRIC
                && how.weight().spec().signed();
    }

    private QuantParams weightParams(INDArray w, INDArray b, QuantParams input) {
        Granularity granularity = how.weight().spec().granularity();
        TensorKernels.Ranges r = TensorKernels.ranges(w, granularity, op.outputAxisOfWeights());
        float[] floor = null;
        if (b != null && input != null && how.quantizeBias()) {
            floor = biasFloor(b, input, r.min().length, granularity);
        }
        QuantParams p = QuantParams.fromRanges(how.weight().spec(), r.min(), r.max(), floor);
        if (floor != null) {
            warnOfRaisedScales(p, floor);
        }
        return p;
    }

    private static float[] biasFloor(
            INDArray b, QuantParams input, int scales, Granularity granularity) {
        if (granularity.kind() == Granularity.Kind.PER_GROUP) {
            return null;
        }
        float[] floor = new float[scales];
        for (int c = 0; c < b.length(); c++) {
            int i = scales == 1 ? 0 : c;
            floor[i] = Math.max(floor[i], Bias.scaleFloor(b.getDouble(c), input.scale()));
        }
        return floor;
    }

    private void warnOfRaisedScales(QuantParams p, float[] floor) {
        for (int c = 0; c < floor.length; c++) {
            if (floor[c] > 0 && p.scale(c) == floor[c] && !warnedChannels.get(c)) {
                warnedChannels.set(c);
                LOG.warn(
                        "{}: the weights of output channel {} are so small beside its bias that the"
                                + " bias would overflow int32; the channel's scale is raised to {}",
                        layerId,
                        c,
                        floor[c]);
            }
        }
    }

    private boolean biasIsQuantized(QuantParams weightParams) {
        return how.quantizeBias()
                && weightParams.spec().granularity().kind() != Granularity.Kind.PER_GROUP;
    }

    @SuppressWarnings("try")
    private static INDArray fakeQuantizedBias(INDArray b, QuantParams input, QuantParams weights) {
        double[] values = b.dup().data().asDouble();
        for (int c = 0; c < values.length; c++) {
            float scale = Requantizer.accumulatorScale(input.scale(), weights.scale(c));
            values[c] = Bias.quantize(values[c], scale) * (double) scale;
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createFromArray(values).castTo(b.dataType()).reshape(b.shape());
        }
    }

    private static int[] integerBias(INDArray b, QuantParams input, QuantParams weights, int n) {
        int[] bias = new int[n];
        if (b != null) {
            for (int c = 0; c < n; c++) {
                float scale = Requantizer.accumulatorScale(input.scale(), weights.scale(c));
                bias[c] = Bias.quantize(b.getDouble(c), scale);
            }
        }
        return bias;
    }

    /** One buffer for each layer, outside of all workspaces: the weights' shape never changes. */
    @SuppressWarnings("try")
    private static INDArray bufferLike(INDArray w, INDArray buffer) {
        if (buffer != null && buffer.dataType() == w.dataType() && buffer.equalShapes(w)) {
            return buffer;
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return Nd4j.createUninitialized(w.dataType(), w.shape(), w.ordering());
        }
    }

    /** Whether the arrays of a network's dtype carry whole numbers exactly far enough. */
    static boolean carriesIntegers(DataType type) {
        return type == DataType.FLOAT || type == DataType.DOUBLE;
    }
}
