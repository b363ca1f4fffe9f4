package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.BackwardKernel;
import java.io.Serializable;
import org.nd4j.shade.jackson.annotation.JsonSubTypes;
import org.nd4j.shade.jackson.annotation.JsonTypeInfo;

/**
 * The rule by which a gradient passes a rounding: rounding itself has derivative zero almost
 * everywhere, so training needs a substitute. Part of a layer's configuration; written to JSON
 * under its name.
 *
 * <p>Implementations are immutable and thread-safe.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, include = JsonTypeInfo.As.PROPERTY, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = StraightThrough.class, name = StraightThrough.NAME),
    @JsonSubTypes.Type(value = ClippedStraightThrough.class, name = ClippedStraightThrough.NAME)
})
public interface GradientEstimator extends Serializable {

    /** The name in configurations, tables and on the command line. */
    String name();

    /** The loop that applies the rule. */
    BackwardKernel backward();
}
