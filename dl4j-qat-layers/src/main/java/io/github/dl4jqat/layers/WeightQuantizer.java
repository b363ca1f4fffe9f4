package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.ClippedStraightThrough;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.PiecewiseLinear;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.Bias;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
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

    WeightQuantizer(
            LayerQuantization layer, int axis, Map<String, INDArray> params, String layerId) {
        this.how = layer.weight();
        this.quantizeBias = layer.quantizeBias();
        this.axis = axis;
        this.layerId = layerId;
        learned = new LearnedValues(how, ExtraParameter.WEIGHT, TensorRole.WEIGHT, params);
        freezing = WeightFreezing.of(layer, params);
    }

    /** What quantizes the weights at a moment. */
    QuantizerPass pass(INDArray w, INDArray b, QuantParams input, Moment moment) {
        double[][] values =
                QuantizerPass.values(
                        how.estimator(), how.spec(), TensorRole.WEIGHT, axis, w, learned.rows());
        if (moment.training() && !learned.isEmpty() && !learned.started()) {
            learned.start(learnedRows(values));
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

    private double[][] learnedRows(double[][] values) {
        List<QuantizerParameter> all = how.estimator().parameters(how.spec(), TensorRole.WEIGHT);
        double[][] rows = new double[learned.rows().length][];
        for (int j = 0, next = 0; j < values.length; j++) {
            if (all.get(j).learned()) {
                rows[next++] = values[j];
            }
        }
        return rows;
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
            freezing.levels(y);
        }
    }

    /**
     * The gradient of the weights from that of the quantized weights, in place.
     *
     * @param examples size of the batch, by which DL4J divides gradients later
     */
    void backward(QuantizerPass pass, INDArray w, INDArray grad, Moment moment, long examples) {
        if (!nothingToClip()) {
            learned.gradients(pass.backward(w, grad, grad));
        }
        if (freezing != null) {
            freezing.backward(pass, w, grad, moment, examples);
        }
    }

    /**
     * Whether the rule is to clip, and no weight can be outside: the range of a symmetric signed
     * spec is that of these very weights. Only the rounding of its scale to a float would put the
     * largest weight of a channel outside, every second one in a network of doubles, and stop its
     * training. The range of signs is their mean magnitude, which clips nothing either.
     */
    private boolean nothingToClip() {
        return clipsAtOwnRange() && how.spec().symmetry() != Symmetry.AFFINE && how.spec().signed();
    }

    private boolean clipsAtOwnRange() {
        return how.estimator() instanceof ClippedStraightThrough
                || (how.estimator() instanceof PiecewiseLinear rule
                        && rule.range() == null
                        && rule.inclusive());
    }

    void commit(Map<String, INDArray> gradientViews, boolean frozen) {
        learned.commit(gradientViews, frozen);
        if (freezing != null) {
            freezing.commit(gradientViews);
        }
    }

    /** What has to hold after each update, whatever the updater did. */
    void afterUpdate(INDArray w) {
        learned.afterUpdate();
        double bound = how.estimator().largestWeight();
        if (bound < Double.POSITIVE_INFINITY) {
            Transforms.max(w, -bound, false);
            Transforms.min(w, bound, false);
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
        for (int c = 0; c < b.length(); c++) {
            int i = perTensor ? 0 : c;
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
}
