package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.ops.QuantizerPass;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Weights that are frozen one after the other while the others train on, for two reasons:
 *
 * <ul>
 *   <li>Incremental quantization: where the schedule has a ramp of {@link Knob#PORTION}, that share
 *       of the weights, the largest magnitudes first, is quantized and frozen; the others stay real
 *       numbers in training. Source: Zhou et al., "Incremental Network Quantization",
 *       arXiv:1702.03044.
 *   <li>Oscillation: see {@link OscillationControl}.
 * </ul>
 *
 * A frozen weight gets no gradient and is put back after each update, because a momentum or a
 * penalty would move it nevertheless. Evaluation quantizes every weight. Belongs to one running
 * layer; not thread-safe.
 */
final class WeightFreezing {

    private static final float SET = 1f;

    private final OscillationControl oscillation;
    private final boolean incremental;
    private final String tensor;
    private final INDArray frozenState;
    private final INDArray oscillationState;

    private boolean[] frozen;
    private float[] tracked;
    private double[] keptLevels;
    private double[] kept;
    private QuantizerRange range;

    private WeightFreezing(
            OscillationControl oscillation,
            boolean incremental,
            String tensor,
            INDArray frozenState,
            INDArray oscillationState) {
        this.oscillation = oscillation;
        this.incremental = incremental;
        this.tensor = tensor;
        this.frozenState = frozenState;
        this.oscillationState = oscillationState;
    }

    /**
     * Null for a layer that freezes no weights.
     *
     * @param tensor which of the layer's weights
     */
    static WeightFreezing of(LayerQuantization layer, String tensor, Map<String, INDArray> params) {
        if (!layer.freezesWeights()) {
            return null;
        }
        return new WeightFreezing(
                layer.oscillation(),
                layer.schedule() != null && layer.schedule().moves(Knob.PORTION),
                tensor,
                params.get(ExtraParameter.frozenKey(tensor)),
                params.get(ExtraParameter.oscillationKey(tensor)));
    }

    /** Sets frozen weights to their level and, if incremental, free ones to themselves. */
    void forward(QuantizerPass pass, INDArray w, INDArray y, Moment moment) {
        if (!moment.training()) {
            // Leaves no trace: a listener may evaluate between an update and afterUpdate.
            INDArray steps = w.ulike();
            pass.levels(w, steps);
            levels(pass, steps);
            write(y, realOf(pass, w, values(steps)));
            return;
        }
        int n = Math.toIntExact(w.length());
        INDArray levels = w.ulike();
        pass.levels(w, levels);
        double[] k = values(levels);
        double[] x = values(w);
        frozen = frozenNow(n);
        tracked = oscillation == null ? null : track(k, moment);
        if (incremental) {
            partition(x, moment.value(Knob.PORTION, 0));
        }
        overrideLevels(pass, k, frozen, tracked);
        double[] out = values(y);
        double[] real = realOf(pass, w, k);
        for (int i = 0; i < n; i++) {
            if (frozen[i]) {
                out[i] = real[i];
            } else if (incremental) {
                out[i] = x[i];
            }
        }
        keptLevels = k;
        kept = out;
        range = QuantizerRange.of(pass, w);
        write(y, out);
    }

    /** Levels of oscillating weights that were frozen are their averages, not their nearest. */
    void levels(QuantizerPass pass, INDArray steps) {
        if (oscillation == null) {
            return;
        }
        double[] k = values(steps);
        overrideLevels(pass, k, frozenNow(k.length), oscillationState.dup().data().asFloat());
        write(steps, k);
    }

    private static void overrideLevels(
            QuantizerPass pass, double[] k, boolean[] which, float[] state) {
        Grid grid = Grid.of(pass.params());
        int n = k.length;
        for (int i = 0; state != null && i < n; i++) {
            if (which[i]) {
                k[i] = grid.level(state[3 * n + i]);
            }
        }
    }

    private boolean[] frozenNow(int n) {
        float[] flags = frozenState.dup().data().asFloat();
        boolean[] now = new boolean[n];
        for (int i = 0; i < n; i++) {
            now[i] = flags[i] > SET / 2;
        }
        return now;
    }

    private void partition(double[] x, double portion) {
        int wanted = (int) Math.round(portion * x.length);
        int have = 0;
        double[] magnitudes = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            have += frozen[i] ? 1 : 0;
            magnitudes[i] = frozen[i] ? -1 : Math.abs(x[i]);
        }
        if (have >= wanted) {
            return;
        }
        double[] sorted = magnitudes.clone();
        Arrays.sort(sorted);
        double smallest = sorted[x.length - (wanted - have)];
        for (int i = 0; i < x.length && have < wanted; i++) {
            if (!frozen[i] && magnitudes[i] > smallest) {
                frozen[i] = true;
                have++;
            }
        }
        for (int i = 0; i < x.length && have < wanted; i++) {
            if (!frozen[i] && magnitudes[i] == smallest) {
                frozen[i] = true;
                have++;
            }
        }
    }

    /** Rows: last level, direction of the last change, frequency, average level; then a counter. */
    private float[] track(double[] k, Moment moment) {
        int n = k.length;
        float[] s = oscillationState.dup().data().asFloat();
        boolean first = s[4 * n] == 0;
        double m = oscillation.momentum();
        double threshold = moment.value(Knob.OSCILLATION_THRESHOLD, oscillation.threshold());
        for (int i = 0; i < n; i++) {
            if (frozen[i]) {
                continue;
            }
            float level = (float) k[i];
            if (first) {
                s[i] = level;
                s[3 * n + i] = level;
                continue;
            }
            float direction = Math.signum(level - s[i]);
            boolean oscillates = direction != 0 && direction == -s[n + i];
            s[2 * n + i] = (float) (m * (oscillates ? 1 : 0) + (1 - m) * s[2 * n + i]);
            s[3 * n + i] = (float) (m * level + (1 - m) * s[3 * n + i]);
            s[n + i] = direction != 0 ? direction : s[n + i];
            s[i] = level;
            if (threshold > 0 && s[2 * n + i] > threshold) {
                frozen[i] = true;
            }
        }
        s[4 * n] = SET;
        return s;
    }

    /** Stops the gradients of frozen weights and adds the dampening penalty's. */
    void backward(QuantizerPass pass, INDArray w, INDArray grad, Moment moment, long examples) {
        double strength =
                oscillation == null
                        ? 0
                        : moment.value(Knob.DAMPENING, oscillation.dampening()) * 2 * examples;
        double[] g = values(grad);
        double[] x = values(w);
        double[] real = realOf(pass, w, keptLevels);
        for (int i = 0; i < g.length; i++) {
            if (frozen[i]) {
                g[i] = 0;
            } else if (strength > 0 && range.contains(i, x[i])) {
                g[i] += strength * (x[i] - real[i]);
            }
        }
        write(grad, g);
    }

    /** Writes down who is frozen and what has been counted. */
    void commit(Map<String, INDArray> gradientViews) {
        if (gradientViews != null) {
            gradientViews.get(ExtraParameter.frozenKey(tensor)).assign(0);
            if (oscillation != null) {
                gradientViews.get(ExtraParameter.oscillationKey(tensor)).assign(0);
            }
        }
        if (kept == null) {
            return;
        }
        float[] flags = new float[frozen.length];
        for (int i = 0; i < frozen.length; i++) {
            flags[i] = frozen[i] ? SET : 0f;
        }
        frozenState.assign(Nd4j.createFromArray(flags).castTo(frozenState.dataType()));
        if (tracked != null) {
            oscillationState.assign(
                    Nd4j.createFromArray(tracked).castTo(oscillationState.dataType()));
        }
    }

    /**
     * Puts frozen weights back to their level. Free ones of incremental quantization stay within
     * the range that has frozen ones: the quantizer would clip them there anyway, and a weight that
     * outgrew it would stretch the scale, and so move what is frozen.
     */
    void afterUpdate(INDArray w) {
        if (kept == null) {
            return;
        }
        double[] x = values(w);
        Set<Double> settled = new HashSet<>();
        for (int i = 0; i < x.length; i++) {
            if (frozen[i]) {
                x[i] = kept[i];
                settled.add(range.scale(i));
            }
        }
        for (int i = 0; incremental && i < x.length; i++) {
            if (!frozen[i] && settled.contains(range.scale(i))) {
                x[i] = range.clamp(i, x[i]);
            }
        }
        write(w, x);
        kept = null;
        range = null;
        tracked = null;
    }

    /** The real numbers of levels, by the scales of the weights' channels. */
    private static double[] realOf(QuantizerPass pass, INDArray w, double[] levels) {
        double[] scales = QuantizerRange.scales(pass, w);
        double[] real = new double[levels.length];
        boolean single = w.dataType() == DataType.FLOAT;
        for (int i = 0; i < real.length; i++) {
            real[i] = single ? (float) levels[i] * (float) scales[i] : levels[i] * scales[i];
        }
        return real;
    }

    /** All elements in the array's own logical order, row-major. */
    static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    private static void write(INDArray array, double[] values) {
        array.assign(
                Nd4j.createFromArray(values).castTo(array.dataType()).reshape('c', array.shape()));
    }
}
