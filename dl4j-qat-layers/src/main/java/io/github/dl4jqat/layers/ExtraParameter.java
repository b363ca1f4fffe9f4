package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.Granularity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;

/**
 * One parameter that a quantized layer has beyond its stock twin.
 *
 * @param key its name in the layer's parameter table; part of the file format
 * @param length how many numbers
 * @param learned the quantizer's parameter that lies there, or null for another
 * @param trained whether the optimizer moves it; if not only this library writes it
 * @param initial what it is set to in a new network
 */
record ExtraParameter(
        String key, long length, QuantizerParameter learned, boolean trained, double initial) {

    /** The weights' share of all keys. */
    static final String WEIGHT = "weight";

    /** The input's. */
    static final String INPUT = "input";

    /** That of the value before the activation function. */
    static final String PRE_ACTIVATION = "preActivation";

    /** The output's. */
    static final String OUTPUT = "output";

    /** That of a tensor inside the layer. */
    static final String INNER = "inner";

    /** Follows the tensor's name: the range of an activation. */
    private static final String RANGE = "Range";

    /** That of the weights between the time steps of a recurrent layer. */
    static final String RECURRENT = "recurrent";

    /** That of the weights of a depthwise part. */
    static final String DEPTHWISE = "depthwise";

    /** Follows the name of weights: one for each that is frozen at its level, else zero. */
    private static final String FROZEN = "Frozen";

    /**
     * Follows the name of weights: for each its last level, last direction, frequency and average;
     * and a counter.
     */
    private static final String OSCILLATION = "Oscillation";

    /** Numbers for each weight under {@link #oscillationKey}. */
    static final int OSCILLATION_ROWS = 4;

    /** The key of an activation's range. */
    static String rangeKey(String tensor) {
        return tensor + RANGE;
    }

    /** The key of what says which weights are frozen. */
    static String frozenKey(String weights) {
        return weights + FROZEN;
    }

    /** The key of what is counted about oscillating weights. */
    static String oscillationKey(String weights) {
        return weights + OSCILLATION;
    }

    /** The key of a learned parameter. */
    static String learnedKey(String tensor, QuantizerParameter parameter) {
        String name = parameter.name();
        return tensor + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    private static ExtraParameter state(String key, long length) {
        return new ExtraParameter(key, length, null, false, 0);
    }

    /** All of them, in the order of their storage, after the stock parameters. */
    static List<ExtraParameter> of(Layer layer, ParamInitializer stock) {
        LayerQuantization q = ((QuantLayerConfiguration) layer).getQuantization();
        // A stock constructor asks for the keys, to constrain them, before there is any
        // quantization; these must not be constrained anyway.
        if (q == null) {
            return List.of();
        }
        if (layer instanceof QuantVariationalAutoencoder encoder) {
            return EncoderPart.extras(encoder);
        }
        List<WeightTensor> tensors = q.weight() == null ? List.of() : WeightTensor.of(layer, stock);
        return of(q, layer, tensors);
    }

    /** Those of a dense layer that is a part of another. */
    static List<ExtraParameter> ofDense(LayerQuantization q, long nIn, long nOut) {
        long inputs = Math.max(0, nIn);
        long outputs = Math.max(0, nOut);
        return of(q, null, List.of(new WeightTensor(WEIGHT, outputs, inputs * outputs)));
    }

    private static List<ExtraParameter> of(
            LayerQuantization q, Layer layer, List<WeightTensor> tensors) {
        List<ExtraParameter> all = new ArrayList<>();
        addRange(all, INPUT, q.input());
        addRange(all, PRE_ACTIVATION, q.preActivation());
        addRange(all, OUTPUT, q.output());
        addRange(all, INNER, q.inner());
        addBatchNorm(all, layer, q.batchNorm());
        if (q.weight() != null) {
            for (WeightTensor tensor : tensors) {
                String name = tensor.name();
                addLearned(all, name, q.weight(), TensorRole.WEIGHT, scales(q.weight(), tensor));
                if (q.freezesWeights()) {
                    all.add(state(frozenKey(name), tensor.weights()));
                }
                if (q.oscillation() != null) {
                    long numbers = OSCILLATION_ROWS * tensor.weights() + 1;
                    all.add(state(oscillationKey(name), numbers));
                }
            }
        }
        addLearned(all, INPUT, q.input(), TensorRole.ACTIVATION, 1);
        addLearned(all, OUTPUT, q.output(), TensorRole.ACTIVATION, 1);
        return all;
    }

    /** Those of a layer that quantizes its input and its output, and nothing in between. */
    static List<ExtraParameter> around(LayerQuantization q) {
        List<ExtraParameter> all = new ArrayList<>();
        addRange(all, INPUT, q.input());
        addRange(all, OUTPUT, q.output());
        addLearned(all, INPUT, q.input(), TensorRole.ACTIVATION, 1);
        addLearned(all, OUTPUT, q.output(), TensorRole.ACTIVATION, 1);
        return all;
    }

    private static void addRange(List<ExtraParameter> all, String tensor, TensorQuantization t) {
        if (t != null) {
            all.add(state(rangeKey(tensor), ActivationQuantizer.STATE_LENGTH));
        }
    }

    /** The parameters of a folded batch normalization, under their stock names. */
    private static void addBatchNorm(
            List<ExtraParameter> all, Layer layer, FoldedBatchNorm folded) {
        if (folded == null || !(layer instanceof FeedForwardLayer weighted)) {
            return;
        }
        long n = Math.max(0, weighted.getNOut());
        if (!folded.locked()) {
            all.add(new ExtraParameter(FoldedBatchNorm.GAMMA, n, null, true, folded.gamma()));
            all.add(new ExtraParameter(FoldedBatchNorm.BETA, n, null, true, folded.beta()));
        }
        all.add(state(FoldedBatchNorm.MEAN, n));
        all.add(new ExtraParameter(FoldedBatchNorm.VARIANCE, n, null, false, 1));
    }

    private static void addLearned(
            List<ExtraParameter> all,
            String tensor,
            TensorQuantization t,
            TensorRole role,
            long scales) {
        if (t == null) {
            return;
        }
        GradientEstimator estimator = t.estimator();
        for (QuantizerParameter parameter : estimator.parameters(t.spec(), role)) {
            if (parameter.learned()) {
                boolean trained = parameter.learningRate() > 0;
                all.add(
                        new ExtraParameter(
                                learnedKey(tensor, parameter), scales, parameter, trained, 0));
            }
        }
    }

    private static long scales(TensorQuantization t, WeightTensor tensor) {
        long outputs = tensor.outputs();
        Granularity granularity = t.spec().granularity();
        return switch (granularity.kind()) {
            case PER_TENSOR -> 1;
            case PER_CHANNEL -> outputs;
            case PER_GROUP -> {
                long channel = tensor.weights() / Math.max(1, outputs);
                long groups = (channel + granularity.groupSize() - 1) / granularity.groupSize();
                yield outputs * groups;
            }
        };
    }
}
