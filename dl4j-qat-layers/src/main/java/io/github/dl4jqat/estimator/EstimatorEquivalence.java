package io.github.dl4jqat.estimator;

import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;

/**
 * From a cyclic estimator to the straight-through one that trains the same quantized network. With
 * plain or momentum SGD both make the same quantized steps, up to terms that shrink with the
 * learning rate, if the straight-through network
 *
 * <ul>
 *   <li>starts from {@code M(w)} where the other one starts from {@code w} ({@link #map}), and
 *   <li>trains its quantized weights with {@code alpha} times the learning rate ({@link
 *       #learningRateFactor}; {@link Scaled} puts it into the estimator).
 * </ul>
 *
 * <pre>
 *   alpha = 1 / integral of 1 / slope(tau) over a cell
 *   M(w)  = b + spacing * alpha * integral from 0 to tau of 1 / slope      w = b + spacing * tau
 * </pre>
 *
 * where {@code b} is the point halfway between the levels around {@code w}, at which rounding
 * jumps. {@code M} rises, and leaves every such point where it is; so {@code w} and {@code M(w)}
 * have the same level. Of a slope that is symmetric in its cell it leaves the levels too. Outside
 * the range of the levels it moves nothing, beyond what keeps it continuous where the slope is not
 * symmetric.
 *
 * <p>With Adam, and any optimizer whose step does not depend on the size of a coordinate's
 * gradient, neither is needed: the same start and the same learning rate do.
 *
 * <p>Worked numbers, {@link TanhGradient} with sharpness 6.5, 2 bits mid-rise, scale 0.5 (levels
 * -1.5, -0.5, 0.5, 1.5): alpha is 0.454375558, M(-1.25) is -1.07629758, M(-1) is -1, M(0.1) is
 * 0.021755391.
 *
 * <p>For {@link TanhGradient} the integrals have a closed form; for others they are computed, to
 * about 1e-13 of a cell.
 *
 * <p>Source: "Custom Gradient Estimators are Straight-Through Estimators in Disguise",
 * arXiv:2405.05171, theorems 1 and 2. Immutable and thread-safe.
 */
public final class EstimatorEquivalence {

    private final CellMap cell;
    private final Grid grid;
    private final double scale;
    private final double spacing;

    /** By how much levels move: nothing, if the slope is symmetric. */
    private final double shift;

    private EstimatorEquivalence(CellMap cell, Grid grid, double scale) {
        if (!(scale > 0) || Double.isInfinite(scale)) {
            throw new IllegalArgumentException(
                    "EstimatorEquivalence: scale="
                            + scale
                            + " for levels from "
                            + grid.low()
                            + " to "
                            + grid.high()
                            + " steps; a scale is finite and greater than 0");
        }
        this.cell = cell;
        this.grid = grid;
        this.scale = scale;
        spacing = grid.spacing() * scale;
        shift = spacing * (cell.map(0.5) - 0.5);
    }

    /**
     * For a grid whose zero point is 0.
     *
     * @param scale real size of a step: the distance of two levels, of a mid-rise spec half of it
     * @throws IllegalArgumentException if the slope is not positive and finite in the whole cell,
     *     or the scale is not
     */
    public static EstimatorEquivalence of(CyclicEstimator estimator, QuantSpec spec, double scale) {
        return new EstimatorEquivalence(cellMap(estimator, spec), grid(spec), scale);
    }

    /**
     * For one channel of a grid that a layer uses.
     *
     * @throws IllegalArgumentException if the slope is not positive and finite in the whole cell
     */
    public static EstimatorEquivalence of(
            CyclicEstimator estimator, QuantParams params, int channel) {
        return new EstimatorEquivalence(
                cellMap(estimator, params.spec()), Grid.of(params), params.scale(channel));
    }

    /** By quadrature, where there would be a closed form too; tests compare the two. */
    static EstimatorEquivalence numerically(
            CyclicEstimator estimator, QuantSpec spec, double scale) {
        return new EstimatorEquivalence(integrated(estimator, spec), grid(spec), scale);
    }

    private static Grid grid(QuantSpec spec) {
        return new Grid(spec.qMin(), spec.qMax(), 0, spec.symmetry() == Symmetry.MID_RISE);
    }

    private static CellMap cellMap(CyclicEstimator estimator, QuantSpec spec) {
        return estimator instanceof TanhGradient tanh
                ? new TanhCellMap(tanh, spec)
                : integrated(estimator, spec);
    }

    private static CellMap integrated(CyclicEstimator estimator, QuantSpec spec) {
        return new IntegratedCellMap(
                estimator.name(), spec.typeName(), tau -> estimator.slope(spec, tau));
    }

    /**
     * {@code alpha}: learning rate of the straight-through network over that of the other one. Not
     * above 1, since the mean slope is 1; the same for all scales.
     */
    public double learningRateFactor() {
        return cell.factor();
    }

    /** {@code M(w)}: where the straight-through network starts. NaN stays NaN. */
    public double map(double w) {
        double position = w / scale;
        if (!(position >= grid.low() && position <= grid.high())) {
            return w + shift;
        }
        double centre = centre(position);
        double tau = Math.max(-0.5, Math.min(0.5, (w - centre) / spacing));
        double moved = centre + spacing * cell.map(tau);
        // A map that is flat near the jump must not round onto it: there the other level may win.
        if (w > centre) {
            return Math.max(moved, Math.nextUp(centre));
        }
        return w < centre ? Math.min(moved, Math.nextDown(centre)) : centre;
    }

    /** The {@code w} that {@link #map} brings to {@code moved}. */
    public double inverse(double moved) {
        double position = (moved - shift) / scale;
        if (!(position >= grid.low() && position <= grid.high())) {
            return moved - shift;
        }
        double centre = centre(position);
        return centre + spacing * cell.inverse((moved - centre) / spacing);
    }

    /** {@link #map} of each element, in a new array. */
    public double[] map(double[] weights) {
        return Arrays.stream(weights).map(this::map).toArray();
    }

    /** {@link #inverse} of each element, in a new array. */
    public double[] inverse(double[] moved) {
        return Arrays.stream(moved).map(this::inverse).toArray();
    }

    private double centre(double position) {
        return (grid.low() + grid.spacing() * (grid.cell(position) + 0.5)) * scale;
    }
}
