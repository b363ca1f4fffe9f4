package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;
import org.nd4j.shade.jackson.databind.annotation.JsonTypeIdResolver;

/**
 * How a tensor is quantized while a network trains: which gradient passes the rounding, and, where
 * a method has ideas of its own about them, the forward pass and the grid. Part of a layer's
 * configuration, in JSON under {@code kind}: the name of a kind of this package, or the class name
 * of somebody else's, which Jackson must be able to write and read (a record is enough).
 *
 * <p>The least an estimator of one's own needs is a name and a {@link #kernel} with a backward
 * loop. Everything else has a default: nearest rounding, a range that is measured or observed, no
 * parameters, any integers, weights and activations alike.
 *
 * <p>Implementations are immutable and thread-safe.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CUSTOM, include = JsonTypeInfo.As.PROPERTY, property = "kind")
@JsonTypeIdResolver(EstimatorKinds.class)
public interface GradientEstimator extends Serializable {

    /** The name in configurations, tables and on the command line. */
    String name();

    /** The loops for a training iteration, or for evaluation. */
    EstimatorKernel kernel(QuantSpec spec, Moment moment);

    /**
     * The numbers that the quantizer has for each scale. Their order is that of {@code values}
     * everywhere.
     */
    default List<QuantizerParameter> parameters(QuantSpec spec, TensorRole role) {
        return List.of();
    }

    /**
     * The value of each parameter, measured on a tensor: {@code [parameter][scale]}. For a learned
     * one this is where it starts: on the weights, or on the first batch. A parameter of an
     * activation that is not learned must not depend on the tensor.
     */
    default double[][] measure(TensorStatistics tensor, QuantSpec spec, TensorRole role) {
        return new double[0][];
    }

    /**
     * Scale and zero point.
     *
     * @param values of the parameters, {@code [parameter][scale]}
     * @param observed what the range of the tensor gives: of the weights as they are, or of an
     *     activation as observed
     */
    default QuantParams grid(QuantSpec spec, double[][] values, Supplier<QuantParams> observed) {
        return observed.get();
    }

    /**
     * The largest magnitude that the weights before quantization may have: after each update they
     * are brought back within it. Methods on signs bound them, so that none drifts out of the reach
     * of its gradient.
     */
    default double largestWeight() {
        return Double.POSITIVE_INFINITY;
    }

    /** The knobs that a schedule may move and that change something here. */
    default Set<Knob> knobs() {
        return Set.of();
    }

    /**
     * What the gradient of a learned parameter is multiplied with.
     *
     * @param elements how many elements share the scale; of an activation those of one example
     */
    default double gradientFactor(QuantSpec spec, long elements) {
        return 1;
    }

    /**
     * Throws an {@code IllegalArgumentException} that names both sides and the valid choices, where
     * the estimator cannot serve such integers for such a tensor.
     */
    default void requireServes(QuantSpec spec, TensorRole role) {
        // Any.
    }
}
