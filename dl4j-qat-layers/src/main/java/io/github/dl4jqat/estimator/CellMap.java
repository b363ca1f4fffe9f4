package io.github.dl4jqat.estimator;

/**
 * The map {@link EstimatorEquivalence#map} within one cell, in units of the cell: from a place in
 * [-0.5, 0.5] to another, 0 to 0. Immutable and thread-safe.
 */
interface CellMap {

    /** One over the integral of {@code 1 / slope} over the cell. */
    double factor();

    /** {@code factor} times the integral of {@code 1 / slope} from 0 to {@code tau}. */
    double map(double tau);

    /** The place that {@link #map} brings to {@code u}. */
    double inverse(double u);
}
