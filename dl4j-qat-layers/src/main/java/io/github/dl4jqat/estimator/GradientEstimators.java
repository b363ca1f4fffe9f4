package io.github.dl4jqat.estimator;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;
import org.nd4j.shade.jackson.databind.json.JsonMapper;

/** The gradient estimators of this package, by name, each with its usual settings. */
public final class GradientEstimators {

    private static final Map<String, GradientEstimator> BY_NAME = byName();

    private static final ObjectMapper JSON =
            JsonMapper.builder().disable(SerializationFeature.FAIL_ON_EMPTY_BEANS).build();

    private GradientEstimators() {}

    /** {@link StraightThrough}. */
    public static GradientEstimator identity() {
        return BY_NAME.get(StraightThrough.NAME);
    }

    /** {@link ClippedStraightThrough}, the default everywhere. */
    public static GradientEstimator clipped() {
        return BY_NAME.get(ClippedStraightThrough.NAME);
    }

    /** {@link Binary} with the clipped surrogate. */
    public static GradientEstimator binary() {
        return BY_NAME.get(Binary.NAME);
    }

    /** {@link ScaledBinary} with the paper's gradient. */
    public static GradientEstimator xnor() {
        return BY_NAME.get(ScaledBinary.NAME);
    }

    /** {@link TernaryWeights} with threshold 0.7. */
    public static GradientEstimator ternary() {
        return BY_NAME.get(TernaryWeights.NAME);
    }

    /** {@link LearnedStep} with the gradient scale of its paper. */
    public static GradientEstimator lsq() {
        return BY_NAME.get(LearnedStep.NAME);
    }

    /** {@link LearnedStepOffset} with the gradient scale of {@link LearnedStep}. */
    public static GradientEstimator lsqPlus() {
        return BY_NAME.get(LearnedStepOffset.NAME);
    }

    /** {@link ParametricClipping} from the first batch's largest value, with L2 of 1e-4. */
    public static GradientEstimator pact() {
        return BY_NAME.get(ParametricClipping.NAME);
    }

    /** {@link SoftQuantization} with alpha 0.2, fixed, on the observed range. */
    public static GradientEstimator dsq() {
        return BY_NAME.get(SoftQuantization.NAME);
    }

    /** {@link TanhGradient} with sharpness 6.5 on the tensor's own range. */
    public static GradientEstimator tanh() {
        return BY_NAME.get(TanhGradient.NAME);
    }

    /** {@link PiecewiseLinear} on the tensor's own range, ends included. */
    public static GradientEstimator piecewiseLinear() {
        return BY_NAME.get(PiecewiseLinear.NAME);
    }

    /** {@link ElementWiseGradientScaling} with delta 0.001. */
    public static GradientEstimator ewgs() {
        return BY_NAME.get(ElementWiseGradientScaling.NAME);
    }

    /** {@link MagnitudeAwareDerivative}. */
    public static GradientEstimator mad() {
        return BY_NAME.get(MagnitudeAwareDerivative.NAME);
    }

    /** {@link DoReFa} as in the paper. */
    public static GradientEstimator dorefa() {
        return BY_NAME.get(DoReFa.NAME);
    }

    /** {@link PowerOfTwo}. */
    public static GradientEstimator powerOfTwo() {
        return BY_NAME.get(PowerOfTwo.NAME);
    }

    /** {@link StochasticRounding} with seed 0. */
    public static GradientEstimator stochastic() {
        return BY_NAME.get(StochasticRounding.NAME);
    }

    /** {@link QuantNoise} that quantizes half of the elements, one by one, with seed 0. */
    public static GradientEstimator quantNoise() {
        return BY_NAME.get(QuantNoise.NAME);
    }

    /**
     * The estimator of that name with its usual settings.
     *
     * @throws IllegalArgumentException for an unknown name; the message lists the known ones
     */
    public static GradientEstimator named(String name) {
        GradientEstimator found = BY_NAME.get(name);
        if (found == null) {
            throw new IllegalArgumentException(
                    "Unknown gradient estimator '" + name + "'; known are " + names());
        }
        return found;
    }

    /** The estimator as one line of JSON. */
    public static String toJson(GradientEstimator estimator) {
        try {
            return JSON.writeValueAsString(estimator);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "Estimator '"
                            + estimator.name()
                            + "' ("
                            + estimator.getClass().getName()
                            + ") cannot be written as JSON: "
                            + e.getOriginalMessage()
                            + "; make it a record, or give it what Jackson needs",
                    e);
        }
    }

    /** The estimator that {@link #toJson} wrote. */
    public static GradientEstimator fromJson(String json) {
        try {
            return JSON.readValue(json, GradientEstimator.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "Not an estimator: " + json + ": " + e.getOriginalMessage(), e);
        }
    }

    /** All names. */
    public static Set<String> names() {
        return BY_NAME.keySet();
    }

    /** The name of a kind of this package, or null. */
    static String nameOf(Class<?> type) {
        for (GradientEstimator e : BY_NAME.values()) {
            if (e.getClass() == type) {
                return e.name();
            }
        }
        return null;
    }

    /** The kind of that name, or null. */
    static Class<?> typeOf(String name) {
        GradientEstimator found = BY_NAME.get(name);
        return found == null ? null : found.getClass();
    }

    private static Map<String, GradientEstimator> byName() {
        Map<String, GradientEstimator> all = new LinkedHashMap<>();
        GradientEstimator[] kinds = {
            new StraightThrough(),
            new ClippedStraightThrough(),
            new Binary(Binary.Surrogate.CLIPPED, Binary.USUAL_BETA),
            new ScaledBinary(true),
            new TernaryWeights(TernaryWeights.USUAL_THRESHOLD),
            new LearnedStep(1, true),
            new LearnedStepOffset(1, true),
            new ParametricClipping(0, 1e-4, 1),
            new SoftQuantization(
                    0.2, false, SoftQuantization.Bounds.OBSERVED, null, null, false, 0, 1),
            new TanhGradient(6.5, null),
            new PiecewiseLinear(null, true),
            new ElementWiseGradientScaling(1e-3),
            new MagnitudeAwareDerivative(),
            new DoReFa(false),
            new PowerOfTwo(),
            new StochasticRounding(0),
            new QuantNoise(QuantNoise.USUAL_RATE, 1, QuantNoise.Noise.INTEGER, 0),
        };
        for (GradientEstimator e : kinds) {
            all.put(e.name(), e);
        }
        return Collections.unmodifiableMap(all);
    }
}
