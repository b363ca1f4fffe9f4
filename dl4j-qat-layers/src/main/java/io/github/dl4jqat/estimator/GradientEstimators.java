package io.github.dl4jqat.estimator;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The gradient estimators, by name. */
public final class GradientEstimators {

    private static final Map<String, GradientEstimator> BY_NAME = byName();

    private GradientEstimators() {}

    /** {@link StraightThrough}. */
    public static GradientEstimator identity() {
        return BY_NAME.get(StraightThrough.NAME);
    }

    /** {@link ClippedStraightThrough}, the default everywhere. */
    public static GradientEstimator clipped() {
        return BY_NAME.get(ClippedStraightThrough.NAME);
    }

    /**
     * The estimator of that name.
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

    /** All names. */
    public static Set<String> names() {
        return BY_NAME.keySet();
    }

    private static Map<String, GradientEstimator> byName() {
        Map<String, GradientEstimator> all = new LinkedHashMap<>();
        for (GradientEstimator e :
                new GradientEstimator[] {new StraightThrough(), new ClippedStraightThrough()}) {
            all.put(e.name(), e);
        }
        return java.util.Collections.unmodifiableMap(all);
    }
}
