package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.Bias;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantizer;
import java.util.Map;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

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

    private final LayerQuantization how;
    private final LinearOp op;
    private final LinearGrids quantizers;
    private final String layerId;
    private final int stream;
    private final WeightQuantizer weightQuantizer;

    private INDArray weightBuffer;
    private INDArray stepBuffer;

    LinearPass(
            LayerQuantization how,
            LinearOp op,
            LinearGrids quantizers,
            String tensor,
            Map<String, INDArray> params,
            String layerId) {
        this.how = how;
        this.op = op;
        this.quantizers = quantizers;
        stream =
                tensor.equals(ExtraParameter.DEPTHWISE)
                        ? TrainingClock.DEPTHWISE
                        : TrainingClock.WEIGHT;
        this.layerId = layerId;
        weightQuantizer =
                how.weight() == null
                        ? null
                        : new WeightQuantizer(
                                how, tensor, op.outputAxisOfWeights(), params, layerId);
    }

    /** What a training forward pass leaves for the backward pass. */
    static final class Trace {
        INDArray input;
        INDArray weights;
        QuantizerPass weightPass;
        Moment moment;
    }

    /**
     * {@code z} with fake-quantized weights and bias, and the input as it is (already on its grid).
     *
     * @param trace receives the weights that were used
     */
    INDArray linear(
            INDArray x,
            INDArray w,
            INDArray b,
            boolean training,
            ArrayType type,
            LayerWorkspaceMgr mgr,
            Trace trace) {
        quantizeWeights(x, w, b, training, trace);
        INDArray bias = b;
        QuantParams input =
                weightQuantizer == null || b == null ? null : quantizers.inputParams(training);
        if (input != null && weightQuantizer.biasIsQuantized()) {
            bias = fakeQuantizedBias(b, input, trace.weightPass.params());
        }
        return op.apply(x, trace.weights, bias, type, mgr);
    }

    /** Leaves fake-quantized weights in the trace, with all that their backward pass needs. */
    void quantizeWeights(INDArray x, INDArray w, INDArray b, boolean training, Trace trace) {
        trace.input = x;
        trace.weights = w;
        trace.moment = quantizers.clock().moment(training, stream);
        if (weightQuantizer != null) {
            QuantParams input = quantizers.inputParams(training);
            trace.weightPass = weightQuantizer.pass(op.byOutput(w), b, input, trace.moment);
            weightBuffer = bufferLike(w, weightBuffer);
            trace.weights = weightBuffer;
            weightQuantizer.forward(
                    trace.weightPass, op.byOutput(w), op.byOutput(trace.weights), trace.moment);
        }
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
        boolean table = quantizers.needsTable(f);
        QuantParams requantized = table ? quantizers.preActivationParams(false) : output;
        if (how.weight() == null
                || perGroup()
                || input == null
                || output == null
                || requantized == null
                || (table && f != null && !ActivationTable.isElementwise(f))) {
            return null;
        }
        INDArray steps = quantizers.inputSteps(x, input);
        if (steps == null) {
            return null;
        }
        QuantizerPass pass = weightQuantizer.pass(op.byOutput(w), b, input, Moment.EVALUATION);
        QuantParams weightParams = pass.params();
        stepBuffer = bufferLike(w, stepBuffer);
        weightQuantizer.levels(pass, op.byOutput(w), op.byOutput(stepBuffer));
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
            int[] integers = ActivationTable.table(orIdentity(f), requantized, output);
            double[] values = new double[integers.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = LayerQuantizers.value(integers[i], output, w.dataType());
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
        QuantizerPass pass = weightQuantizer.pass(op.byOutput(w), b, input, Moment.EVALUATION);
        QuantParams p = pass.params();
        int channels = Math.toIntExact(op.byOutput(w).size(op.outputAxisOfWeights()));
        return new QuantizedWeightLayer.IntegerWeights(
                levels(pass, w), p, integerBias(b, input, p, channels));
    }

    /** The integers of the weights, output channel first; null if they are not quantized. */
    int[] weightLevels(INDArray w, INDArray b) {
        if (weightQuantizer == null) {
            return null;
        }
        QuantParams input = quantizers.inputParams(false);
        return levels(weightQuantizer.pass(op.byOutput(w), b, input, Moment.EVALUATION), w);
    }

    private int[] levels(QuantizerPass pass, INDArray w) {
        INDArray steps = Nd4j.createUninitialized(w.dataType(), w.shape(), w.ordering());
        weightQuantizer.levels(pass, op.byOutput(w), op.byOutput(steps));
        return op.outputFirst(steps).data().asInt();
    }

    /** Levels times scales in a new array, the weights themselves if they are not quantized. */
    INDArray evaluationWeights(INDArray w, INDArray b) {
        INDArray values = w.dup(w.ordering());
        if (weightQuantizer != null) {
            QuantParams input = quantizers.inputParams(false);
            INDArray byOutput = op.byOutput(w);
            QuantizerPass pass = weightQuantizer.pass(byOutput, b, input, Moment.EVALUATION);
            weightQuantizer.forward(pass, byOutput, op.byOutput(values), Moment.EVALUATION);
        }
        return values;
    }

    /** The bias as the accumulator holds it, in a new array; as it is where no grid is known. */
    INDArray evaluationBias(INDArray w, INDArray b) {
        QuantParams input = quantizers.inputParams(false);
        if (weightQuantizer == null || input == null || perGroup()) {
            return b.dup();
        }
        return fakeQuantizedBias(
                b,
                input,
                weightQuantizer.pass(op.byOutput(w), b, input, Moment.EVALUATION).params());
    }

    private boolean perGroup() {
        return how.weight().spec().granularity().kind() == Granularity.Kind.PER_GROUP;
    }

    static boolean finite(INDArray x) {
        return !x.isNaN().any() && !x.isInfinite().any();
    }

    /** Whether the weights that a trace holds are others than those that were given. */
    boolean quantizesWeights() {
        return weightQuantizer != null;
    }

    /** Whether {@link #backwardWeights} looks at the weights. */
    boolean backwardReadsWeights() {
        return weightQuantizer != null && weightQuantizer.backwardReadsWeights();
    }

    /**
     * The gradient of the weights from that of the quantized weights, in place.
     *
     * @param w the weights; may be null if they are not read
     * @param examples size of the batch
     */
    void backwardWeights(INDArray w, INDArray grad, Trace trace, long examples) {
        if (trace.weightPass != null) {
            weightQuantizer.backward(
                    trace.weightPass,
                    w == null ? null : op.byOutput(w),
                    op.byOutput(grad),
                    trace.moment,
                    examples);
        }
    }

    /** Writes down what the last training pass has moved. */
    void commit(Map<String, INDArray> gradientViews) {
        if (weightQuantizer != null) {
            weightQuantizer.commit(gradientViews, quantizers.clock().isFrozen());
        }
    }

    /**
     * What has to hold after each update.
     *
     * @param factors what each output channel is multiplied with before it is quantized, or null
     */
    void afterUpdate(INDArray w, double[] factors) {
        if (weightQuantizer != null) {
            weightQuantizer.afterUpdate(w == null ? null : op.byOutput(w), factors);
        }
    }

    private static IActivation orIdentity(IActivation f) {
        return f == null ? new ActivationIdentity() : f;
    }

    static INDArray fakeQuantizedBias(INDArray b, QuantParams input, QuantParams weights) {
        double[] values = ChannelValues.read(b);
        for (int c = 0; c < values.length; c++) {
            float scale = Requantizer.accumulatorScale(input.scale(), weights.scale(c));
            values[c] = Bias.quantize(values[c], scale) * (double) scale;
        }
        return ChannelValues.array(values, b.dataType(), b.shape());
    }

    static int[] integerBias(INDArray b, QuantParams input, QuantParams weights, int n) {
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
    static INDArray bufferLike(INDArray w, INDArray buffer) {
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
