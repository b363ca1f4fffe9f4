package io.github.dl4jqat.estimator;

/** Checks of what estimators are configured with. */
final class Settings {

    private Settings() {}

    /** A finite number, 0 or more. */
    static void notNegative(String estimator, String field, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw refused(estimator, field, value, "a finite number, 0 or more");
        }
    }

    /** A finite number above 0. */
    static void positive(String estimator, String field, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw refused(estimator, field, value, "a finite number above 0");
        }
    }

    /** What to throw for a value. */
    static IllegalArgumentException refused(
            String estimator, String field, Object value, String expected) {
        return new IllegalArgumentException(
                "Estimator '" + estimator + "': " + field + "=" + value + "; expected " + expected);
    }
}
