package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.ClippedStraightThrough;
import io.github.dl4jqat.estimator.ElementWiseGradientScaling;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.PiecewiseLinear;
import io.github.dl4jqat.estimator.Scaled;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.ops.ChannelKernels;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.Bias;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.BitSet;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The quantizer of a layer's weights: grid, loops, learned parameters and frozen weights. Belongs
 * to one running layer; not thread-safe.
 */
final class WeightQuantizer {

    private static final Logger LOG = LoggerFactory.getLogger(WeightQuantizer.class);

    private final TensorQuantization how;
    private final boolean quantizeBias;
    private final int axis;
    private final LearnedValues learned;
    private final WeightFreezing freezing;
    private final String layerId;
    private final BitSet warnedChannels = new BitSet();

    /**
     * A quantizer of some of a layer's weights.
     *
     * @param tensor which of them
     */
    WeightQuantizer(
            LayerQuantization layer,
            String tensor,
            int axis,
            Map<String, INDArray> params,
            String layerId) {
        this.how = layer.weight();
        this.quantizeBias = layer.quantizeBias();
        this.axis = axis;
        this.layerId = layerId;
        learned = new LearnedValues(how, tensor, TensorRole.WEIGHT, params);
        freezing = WeightFreezing.of(layer, tensor, params);
    }

    /** What quantizes the weights at a moment. */
    QuantizerPass pass(INDArray w, INDArray b, QuantParams input, Moment moment) {
        if (moment.training()) {
            // What a pass without a backward pass has left must not be written down later.
            learned.forget();
        }
        double[][] values =
                QuantizerPass.values(
                        how.estimator(), how.spec(), TensorRole.WEIGHT, axis, w, learned.rows());
        if (moment.training() && !learned.isEmpty() && !learned.started()) {
            learned.start(values);
        }
        float[] floor = biasFloor(b, input);
        QuantizerPass pass =
                QuantizerPass.of(
                        how.estimator(),
                        how.spec(),
                        TensorRole.WEIGHT,
                        axis,
                        values,
                        () -> ownRange(w),
                        floor,
                        moment);
        if (floor != null) {
            warnOfRaisedScales(pass.params(), floor);
        }
        return pass;
    }

    /** The range of the weights as they are; of signs, the mean magnitude, which is nearest. */
    private QuantParams ownRange(INDArray w) {
        QuantSpec spec = how.spec();
        if (spec.symmetry() == Symmetry.MID_RISE && spec.bits() == 1) {
            TensorStatistics statistics = EstimatorKernels.statistics(w, spec, axis);
            float[] mean = new float[statistics.scales()];
            for (int c = 0; c < mean.length; c++) {
                mean[c] = (float) statistics.meanMagnitude(c);
            }
            return QuantParams.fromRanges(spec, new float[mean.length], mean, null);
        }
        TensorKernels.Ranges r = TensorKernels.ranges(w, spec.granularity(), axis);
        return QuantParams.fromRanges(spec, r.min(), r.max(), null);
    }

    /** What training computes with, into {@code y}. */
    void forward(QuantizerPass pass, INDArray w, INDArray y, Moment moment) {
        pass.forward(w, y);
        if (freezing != null) {
            freezing.forward(pass, w, y, moment);
        }
    }

    /** The integers, into {@code y}. */
    void levels(QuantizerPass pass, INDArray w, INDArray y) {
        pass.levels(w, y);
        if (freezing != null) {
            freezing.levels(pass, y);
        }
    }

    /** Whether {@link #backward} looks at the weights. */
    boolean backwardReadsWeights() {
        return freezing != null || Double.isNaN(factor());
    }

    /** What the gradient is multiplied with, or not a number where that depends on the weights. */
    private double factor() {
        return ownRange() ? factorOfClipping(how.estimator()) : Double.NaN;
    }

    /**
     * The gradient of the weights from that of the quantized weights, in place.
     *
     * @param w the weights; may be null if they are not read
     * @param examples size of the batch, by which DL4J divides gradients later
     */
    void backward(QuantizerPass pass, INDArray w, INDArray grad, Moment moment, long examples) {
        double factor = factor();
        if (Double.isNaN(factor)) {
            learned.gradients(pass.backward(w, grad, grad));
        } else if (factor != 1) {
            grad.muli(factor);
        }
        if (freezing != null) {
            freezing.backward(pass, w, grad, moment, examples);
        }
    }

    /** Whether the range is symmetric, and so that of these very weights unless it is fixed. */
    private boolean ownRange() {
        return how.spec().symmetry() != Symmetry.AFFINE && how.spec().signed();
    }

    /**
     * Where the rule is to clip at the tensor's own range no weight can be outside. Only the
     * rounding of its scale to a float would put the largest weight of a channel there, every
     * second one in a network of doubles, and stop its training. The range of signs is their mean
     * magnitude, which is not meant to clip anything.
     *
     * @return what the gradient is multiplied with, or not a number for any other rule
     */
    private static double factorOfClipping(GradientEstimator e) {
        if (e instanceof Scaled scaled) {
            return scaled.factor() * factorOfClipping(scaled.estimator());
        }
        boolean clips =
                e instanceof ClippedStraightThrough
                        || (e instanceof PiecewiseLinear rule
                                && rule.range() == null
                                && rule.inclusive())
                        || (e instanceof ElementWiseGradientScaling rule && rule.delta() == 0);
        return clips ? 1 : Double.NaN;
    }

    void commit(Map<String, INDArray> gradientViews, boolean frozen) {
        learned.commit(gradientViews, frozen);
        if (freezing != null) {
            freezing.commit(gradientViews);
        }
    }

    /**
     * What has to hold after each update, whatever the updater did.
     *
     * @param w the weights; null where they are not parameters
     * @param factors what each output channel is multiplied with before it is quantized, or null
     */
    void afterUpdate(INDArray w, double[] factors) {
        learned.afterUpdate();
        double bound = how.estimator().largestWeight();
        if (w != null && bound < Double.POSITIVE_INFINITY) {
            double[] bounds = new double[Math.toIntExact(w.size(axis))];
            for (int c = 0; c < bounds.length; c++) {
                // A channel that is multiplied with zero may be as large as it likes.
                bounds[c] = factors == null ? bound : bound / Math.abs(factors[c]);
            }
            ChannelKernels.clamp(w, bounds, axis);
        }
        if (freezing != null) {
            freezing.afterUpdate(w);
        }
    }

    /** Whether the bias can be rounded to the accumulator's grid. */
    boolean biasIsQuantized() {
        return quantizeBias && how.spec().granularity().kind() != Granularity.Kind.PER_GROUP;
    }

    private float[] biasFloor(INDArray b, QuantParams input) {
        if (b == null || input == null || !biasIsQuantized()) {
            return null;
        }
        boolean perTensor = how.spec().granularity().kind() == Granularity.Kind.PER_TENSOR;
        float[] floor = new float[perTensor ? 1 : Math.toIntExact(b.length())];
        double[] bias = ChannelValues.read(b);
        for (int c = 0; c < bias.length; c++) {
            int i = perTensor ? 0 : c;
            floor[i] = Math.max(floor[i], Bias.scaleFloor(bias[c], input.scale()));
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
}
