package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.List;

/**
 * The words about quantization that every layer builder has beyond its stock ones. Left out,
 * weights become int8 per channel and the output uint8.
 *
 * @param <T> the builder
 */
public interface QuantOptions<T> {

    /** What has been said so far. */
    LayerQuantization getQuantization();

    /** Says everything at once. */
    T quantization(LayerQuantization quantization);

    /** The integers of the weights, or null for float weights. */
    default T weightQuant(QuantSpec spec) {
        return quantization(
                getQuantization()
                        .withWeight(spec == null ? null : TensorQuantization.weight(spec)));
    }

    /**
     * The integers of the layer's input; say it where the incoming tensor is not quantized already,
     * as in the first layer of a network.
     */
    default T inputQuant(QuantSpec spec) {
        return quantization(
                getQuantization()
                        .withInput(spec == null ? null : TensorQuantization.activation(spec)));
    }

    /** The integers of the layer's output, after the activation function; null for a float one. */
    default T outputQuant(QuantSpec spec) {
        return quantization(
                getQuantization()
                        .withOutput(spec == null ? null : TensorQuantization.activation(spec)));
    }

    /** The gradient estimator of every tensor whose integers have been named before. */
    default T estimator(GradientEstimator estimator) {
        LayerQuantization q = getQuantization();
        q = q.weight() == null ? q : q.withWeight(q.weight().withEstimator(estimator));
        q = q.input() == null ? q : q.withInput(q.input().withEstimator(estimator));
        q = q.output() == null ? q : q.withOutput(q.output().withEstimator(estimator));
        return quantization(q);
    }

    /** The gradient estimator of the weights, whose integers have been named before. */
    default T weightEstimator(GradientEstimator estimator) {
        LayerQuantization q = getQuantization();
        return quantization(
                q.withWeight(named(q.weight(), "weightQuant").withEstimator(estimator)));
    }

    /** The gradient estimator of the output, whose integers have been named before. */
    default T outputEstimator(GradientEstimator estimator) {
        LayerQuantization q = getQuantization();
        return quantization(
                q.withOutput(named(q.output(), "outputQuant").withEstimator(estimator)));
    }

    /** What happens when in training. */
    default T schedule(QatSchedule schedule) {
        return quantization(getQuantization().withSchedule(schedule));
    }

    /** What is done about weights that jump between two levels. */
    default T oscillation(OscillationControl control) {
        return quantization(getQuantization().withOscillation(control));
    }

    /** How the ranges of input and output, as named before, follow the data. */
    default T observer(RangeObserver observer) {
        LayerQuantization q = getQuantization();
        if (q.input() != null) {
            q = q.withInput(observed(q.input(), observer));
        }
        if (q.output() != null) {
            q = q.withOutput(observed(q.output(), observer));
        }
        return quantization(q);
    }

    /** The iteration from which on ranges no longer move; 0 for never. */
    default T freezeRangesAfter(int iteration) {
        return quantization(getQuantization().withFreezeRangesAfter(iteration));
    }

    /**
     * Name of the layer that quantizes the incoming tensor. Needed only in a hand-written
     * ComputationGraph that is never passed to {@code Qat.calibrate}, which finds it out.
     */
    default T inputFrom(String layer) {
        return quantization(getQuantization().withInputFrom(layer));
    }

    /**
     * Layers whose outputs are to lie on the grid of this one's, because a vertex adds, averages,
     * compares or concatenates them: integers can be added only where a step is the same. The grid
     * is that of all their ranges together, so all of them need the same integers and an observed
     * range. Say it in one of two layers; it holds for both, and for whatever else either of them
     * names. {@code Qat.calibrate} finds it out where it is not said.
     */
    default T sameGridAs(String... layers) {
        return quantization(getQuantization().withGroup(List.of(layers)));
    }

    private static TensorQuantization named(TensorQuantization t, String word) {
        if (t == null) {
            throw new IllegalArgumentException(
                    "An estimator for a tensor that is not quantized; name its integers with "
                            + word
                            + " first");
        }
        return t;
    }

    private static TensorQuantization observed(TensorQuantization t, RangeObserver observer) {
        return new TensorQuantization(t.spec(), t.estimator(), observer);
    }
}
