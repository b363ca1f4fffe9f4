package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.io.Serializable;

/**
 * How one tensor of a layer is quantized. Immutable and thread-safe.
 *
 * @param spec which integers
 * @param estimator which gradient
 * @param observer how an activation's range follows the data; null for weights, whose range is the
 *     one they have now
 */
public record TensorQuantization(
        QuantSpec spec, GradientEstimator estimator, RangeObserver observer)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** A range that no estimator would come upon by itself. */
    private static final float PROBE = 0.8317f;

    /** Checks that both are there. */
    public TensorQuantization {
        if (spec == null || estimator == null) {
            throw new IllegalArgumentException(
                    "TensorQuantization: spec="
                            + spec
                            + ", estimator="
                            + estimator
                            + "; both are needed");
        }
        if (observer != null && spec.granularity().kind() != Granularity.Kind.PER_TENSOR) {
            throw new IllegalArgumentException(
                    "TensorQuantization: an activation has one scale, but its spec asks for "
                            + spec.granularity()
                            + "; use for example Quantizers.uint8PerTensor()");
        }
    }

    /** Throws where the estimator cannot serve the spec in that role. */
    void requireRole(TensorRole role) {
        if (role == TensorRole.ACTIVATION && observer == null) {
            throw new IllegalArgumentException(
                    "LayerQuantization: an activation without an observer; its range has to come"
                            + " from somewhere. Use TensorQuantization.activation(spec)");
        }
        estimator.requireServes(spec, role);
    }

    /**
     * Whether the grid of an activation is that of the range that its observer sees: the estimator
     * neither learns nor fixes one.
     */
    public boolean followsItsRange() {
        QuantParams seen = QuantParams.fromRange(spec, -PROBE, 2 * PROBE);
        return estimator.parameters(spec, TensorRole.ACTIVATION).isEmpty()
                && seen.equals(estimator.grid(spec, new double[0][], () -> seen));
    }

    /** Weights with the clipped straight-through estimator. */
    public static TensorQuantization weight(QuantSpec spec) {
        return new TensorQuantization(spec, GradientEstimators.clipped(), null);
    }

    /** An activation with the clipped straight-through estimator and a moving average range. */
    public static TensorQuantization activation(QuantSpec spec) {
        return new TensorQuantization(
                spec, GradientEstimators.clipped(), RangeObserver.movingAverage());
    }

    /** The same with another estimator. */
    public TensorQuantization withEstimator(GradientEstimator newEstimator) {
        return new TensorQuantization(spec, newEstimator, observer);
    }

    /** The same with another spec. */
    public TensorQuantization withSpec(QuantSpec newSpec) {
        return new TensorQuantization(newSpec, estimator, observer);
    }
}
