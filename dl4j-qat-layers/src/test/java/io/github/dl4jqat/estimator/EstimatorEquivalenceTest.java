package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;

/** {@link EstimatorEquivalence}: the published numbers, and the theorem one step at a time. */
@ExtendWith(Seeds.class)
final class EstimatorEquivalenceTest {

    private static final QuantSpec TWO_BITS = Quantizers.midRisePerTensor(2);
    private static final double RANGE = 1.5;

    /** Levels -1.5, -0.5, 0.5, 1.5; cells of size 1. */
    private static EstimatorEquivalence example() {
        return EstimatorEquivalence.of(new TanhGradient(6.5, RANGE), TWO_BITS, 0.5);
    }

    @ParameterizedTest(name = "bits={0}, sharpness={1}")
    @CsvSource({
        "1, 2, 0.530427595",
        "2, 5.5, 0.609523295",
        "2, 6.5, 0.454375558",
        "4, 18, 0.878354300",
        "2, 1e-4, 1.000000000"
    })
    void learning_rate_factor_of_the_tanh(int bits, double sharpness, double alpha) {
        TanhGradient tanh = new TanhGradient(sharpness, RANGE);
        QuantSpec spec = Quantizers.midRisePerTensor(bits);
        for (double scale : new double[] {0.5, 1e-3, 7}) {
            assertThat(EstimatorEquivalence.of(tanh, spec, scale).learningRateFactor())
                    .isCloseTo(alpha, within(1e-9));
        }
    }

    @ParameterizedTest(name = "w={0}")
    @CsvSource({
        "-1.5, -1.5, .113758575",
        "-1.25, -1.07629758, .820492266",
        "-1, -1, 2.224292423",
        "-.9, -.978244609, 1.853840375",
        "-.75, -.92370242, .820492266",
        "-.5, -.5, .113758575",
        "-.1, -.021755391, 1.853840375",
        "0, 0, 2.224292423",
        ".1, .021755391, 1.853840375",
        ".25, .07629758, .820492266",
        ".4, .229412308, .261212667",
        ".75, .92370242, .820492266",
        "1.3, 1.109541296, .572606709"
    })
    void map_and_slope_of_the_tanh_on_two_bits(double w, double moved, double slope) {
        assertThat(example().map(w)).isCloseTo(moved, within(1e-8));
        double tau = new Grid(-3, 3, 0, true).withinCell(w / 0.5);
        assertThat(new TanhGradient(6.5, RANGE).slope(TWO_BITS, tau))
                .isCloseTo(slope, within(1e-8));
    }

    @Test
    void outside_the_range_nothing_moves() {
        assertThat(example().map(new double[] {-2, 1.7, 1e30})).containsExactly(-2, 1.7, 1e30);
        assertThat(example().inverse(new double[] {-2, 1.7})).containsExactly(-2, 1.7);
    }

    @ParameterizedTest(name = "e={0}")
    @CsvSource({
        "1.2, .062205504, .172221104, .334161109",
        "2, .026975239, .089914914, .246818870",
        "2.16666666666666667, .021755391, .076297580, .229412308"
    })
    void map_without_dimensions(double e, double tenth, double quarter, double twoFifths) {
        EstimatorEquivalence binary =
                EstimatorEquivalence.of(
                        new TanhGradient(e, 1.0), Quantizers.binaryPerTensor(), 0.5);
        assertThat(binary.map(new double[] {0, .1, .25, .4, .5}))
                .containsExactly(new double[] {0, tenth, quarter, twoFifths, .5}, within(1e-8));
        assertThat(binary.map(new double[] {-.1, -.25, -.4, -.5}))
                .containsExactly(new double[] {-tenth, -quarter, -twoFifths, -.5}, within(1e-8));
    }

    @ParameterizedTest(name = "bits={0}, sharpness={1}, scale={2}")
    @CsvSource({"1, 2, 0.25", "2, 5.5, 0.5", "2, 6.5, 0.027777", "4, 18, 0.1", "7, 300, 0.003"})
    void boundaries_and_levels_stay(int bits, double sharpness, double scale) {
        QuantSpec spec = Quantizers.midRisePerTensor(bits);
        TanhGradient tanh = new TanhGradient(sharpness, null);
        for (EstimatorEquivalence map :
                new EstimatorEquivalence[] {
                    EstimatorEquivalence.of(tanh, spec, scale),
                    EstimatorEquivalence.numerically(tanh, spec, scale)
                }) {
            for (int step = spec.qMin(); step <= spec.qMax(); step++) {
                assertThat(map.map(step * scale)).isCloseTo(step * scale, within(1e-12));
                assertThat(map.inverse(step * scale)).isCloseTo(step * scale, within(1e-12));
            }
        }
    }

    @ParameterizedTest(name = "bits={0}, sharpness={1}")
    @CsvSource({"1, 2", "2, 5.5", "2, 6.5", "2, 1e-4", "4, 18", "2, 30"})
    void levels_of_weights_stay_and_order_too(int bits, double sharpness) {
        QuantSpec spec = Quantizers.midRisePerTensor(bits);
        double scale = RANGE / spec.qMax();
        Grid grid = new Grid(spec.qMin(), spec.qMax(), 0, true);
        EstimatorEquivalence map =
                EstimatorEquivalence.of(new TanhGradient(sharpness, RANGE), spec, scale);
        double before = Double.NEGATIVE_INFINITY;
        for (int i = 0; i <= 10_000; i++) {
            double w = (i - 5_000) / 5_000.0 * 1.1 * RANGE;
            double moved = map.map(w);
            assertThat(grid.level(moved / scale))
                    .as("level of M(%s)", w)
                    .isEqualTo(grid.level(w / scale));
            assertThat(moved).as("M(%s)", w).isGreaterThanOrEqualTo(before);
            before = moved;
        }
    }

    @Test
    void next_to_a_boundary_the_map_stays_on_its_side() {
        EstimatorEquivalence map = example();
        for (double boundary : new double[] {-1, 0, 1}) {
            assertThat(map.map(Math.nextUp(boundary))).isGreaterThan(boundary);
            assertThat(map.map(Math.nextDown(boundary))).isLessThan(boundary);
        }
    }

    @ParameterizedTest(name = "bits={0}, sharpness={1}")
    @CsvSource({"1, 2", "2, 5.5", "2, 6.5", "4, 18", "2, 1e-4", "2, 21"})
    void quadrature_gives_the_closed_form(int bits, double sharpness, Random random) {
        QuantSpec spec = Quantizers.midRisePerTensor(bits);
        TanhGradient tanh = new TanhGradient(sharpness, null);
        EstimatorEquivalence closed = EstimatorEquivalence.of(tanh, spec, 0.5);
        EstimatorEquivalence numeric = EstimatorEquivalence.numerically(tanh, spec, 0.5);
        assertThat(numeric.learningRateFactor())
                .isCloseTo(closed.learningRateFactor(), within(1e-10));
        for (int i = 0; i < 300; i++) {
            double w = (random.nextDouble() - 0.5) * spec.qMax() * 1.2;
            assertThat(numeric.map(w)).as("M(%s)", w).isCloseTo(closed.map(w), within(1e-10));
        }
    }

    @ParameterizedTest(name = "bits={0}, sharpness={1}")
    @CsvSource({"1, 2", "2, 6.5", "4, 18", "2, 1e-4"})
    void inverse_undoes_the_map(int bits, double sharpness, Random random) {
        QuantSpec spec = Quantizers.midRisePerTensor(bits);
        TanhGradient tanh = new TanhGradient(sharpness, null);
        for (EstimatorEquivalence map :
                new EstimatorEquivalence[] {
                    EstimatorEquivalence.of(tanh, spec, 0.5),
                    EstimatorEquivalence.numerically(tanh, spec, 0.5)
                }) {
            double[] moved = new double[300];
            for (int i = 0; i < moved.length; i++) {
                moved[i] = (random.nextDouble() - 0.5) * spec.qMax() * 1.2;
            }
            assertThat(map.map(map.inverse(moved))).containsExactly(moved, within(1e-13));
        }
    }

    @Test
    void straight_through_estimators_are_their_own_twin() {
        EstimatorEquivalence map =
                EstimatorEquivalence.of(
                        new PiecewiseLinear(RANGE, true),
                        QuantParams.of(Quantizers.uint4PerTensor(), 0.25f, 6),
                        0);
        assertThat(map.learningRateFactor()).isCloseTo(1, within(1e-14));
        assertThat(map.map(new double[] {-9, -1.5, -0.3, 0, 0.1, 2.25, 9}))
                .containsExactly(new double[] {-9, -1.5, -0.3, 0, 0.1, 2.25, 9}, within(1e-14));
    }

    /** Any positive slope: here one with a jump, one with a corner and one that leans. */
    @Test
    void map_of_any_slope_is_its_integral() {
        QuantSpec spec = Quantizers.intPerTensor(2);
        // 1 / slope = 1/4 up to 0.1, 3 beyond: integral 0.6 * 0.25 + 0.4 * 3 = 1.35
        EstimatorEquivalence jump =
                EstimatorEquivalence.of(new Sloped(tau -> tau < 0.1 ? 4 : 1 / 3.0), spec, 2);
        assertThat(jump.learningRateFactor()).isCloseTo(1 / 1.35, within(1e-12));
        // cell from 0 to 2, middle 1; tau = 0.2
        assertThat(jump.map(1.4)).isCloseTo(1 + 2 / 1.35 * (0.025 + 0.3), within(1e-12));
        // levels move together, and so does everything outside
        double shift = 2 / 1.35 * (0.025 + 1.2) - 1;
        assertThat(jump.map(new double[] {-2, 0, 2, 5, -5}))
                .containsExactly(
                        new double[] {-2 + shift, shift, 2 + shift, 5 + shift, -5 + shift},
                        within(1e-12));
        assertThat(jump.inverse(jump.map(new double[] {-1.7, -0.4, 1.1, 1.9, 3})))
                .containsExactly(new double[] {-1.7, -0.4, 1.1, 1.9, 3}, within(1e-12));
        // 1 / slope = 1 + |tau - 0.05|
        EstimatorEquivalence corner =
                EstimatorEquivalence.of(new Sloped(tau -> 1 / (1 + Math.abs(tau - 0.05))), spec, 1);
        double integral = 1 + (0.55 * 0.55 + 0.45 * 0.45) / 2;
        assertThat(corner.learningRateFactor()).isCloseTo(1 / integral, within(1e-12));
        // 1 / slope = exp(tau), tau = 0.25
        EstimatorEquivalence leaning =
                EstimatorEquivalence.of(new Sloped(tau -> Math.exp(-tau)), spec, 1);
        assertThat(leaning.map(0.75))
                .isCloseTo(0.5 + Math.expm1(0.25) / (2 * Math.sinh(0.5)), within(1e-13));
    }

    @Test
    void slope_that_is_not_positive_is_refused() {
        QuantSpec spec = Quantizers.intPerTensor(2);
        for (DoubleUnaryOperator slope :
                new DoubleUnaryOperator[] {
                    tau -> 0,
                    tau -> -1,
                    tau -> tau + 0.3,
                    tau -> Math.abs(tau),
                    tau -> Math.abs(tau - 0.1234567),
                    tau -> tau > 0.3 && tau < 0.4 ? 0 : 1,
                    tau -> tau > 0.4 ? Double.POSITIVE_INFINITY : 1,
                    tau -> tau > 0.4 ? Double.NaN : 1
                }) {
            assertThatThrownBy(() -> EstimatorEquivalence.of(new Sloped(slope), spec, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'sloped' on int2 levels has the slope")
                    .hasMessageContaining("positive");
        }
        assertThatThrownBy(() -> EstimatorEquivalence.of(new TanhGradient(1e4, 1.0), TWO_BITS, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sharpness 10000.0 on mid-rise2");
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "NaN", "Infinity"})
    void scale_that_is_none_is_refused(double scale) {
        assertThatThrownBy(
                        () -> EstimatorEquivalence.of(new TanhGradient(6.5, 1.0), TWO_BITS, scale))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("scale=" + scale)
                .hasMessageContaining("-3.0 to 3.0");
    }

    @Test
    void nan_stays_nan() {
        assertThat(example().map(Double.NaN)).isNaN();
        assertThat(example().inverse(Double.NaN)).isNaN();
    }

    /**
     * The lemma behind theorem 1: one step of SGD with either network leaves M(w) apart by a term
     * in the square of the learning rate. 1.007 is the constant that a simulation gave for these
     * settings.
     */
    @Test
    void one_step_differs_by_the_square_of_the_learning_rate(Random random) {
        TanhGradient tanh = new TanhGradient(6.5, RANGE);
        EstimatorEquivalence map = example();
        int n = 100_000;
        double[] w = random.doubles(n, -1.4, 1.4).toArray();
        double[] g = random.doubles(n).map(u -> random.nextGaussian()).toArray();
        Grid grid = new Grid(-3, 3, 0, true);
        for (double rate : new double[] {1e-2, 1e-3, 1e-4}) {
            double sum = 0;
            int inside = 0;
            for (int i = 0; i < n; i++) {
                double slope = tanh.slope(TWO_BITS, grid.withinCell(w[i] / 0.5));
                double next = w[i] - rate * slope * g[i];
                if (Math.abs(next) < RANGE) {
                    double twin = map.map(w[i]) - map.learningRateFactor() * rate * g[i];
                    sum += Math.abs(map.map(next) - twin);
                    inside++;
                }
            }
            assertThat(sum / inside / (rate * rate))
                    .as("rate %s", rate)
                    .isCloseTo(1.007, within(0.05));
        }
    }

    /** A constant gradient: both cross the boundaries at the times the theorem says. */
    @Test
    void boundaries_are_crossed_at_the_same_time() {
        TanhGradient tanh = new TanhGradient(6.5, RANGE);
        EstimatorEquivalence map = example();
        Grid grid = new Grid(-3, 3, 0, true);
        double alpha = map.learningRateFactor();
        double rate = 1e-4;
        double w = -1.3;
        double twin = map.map(w);
        double next = -1;
        double nextOfTwin = -1;
        for (int t = 1; w < 1.2; t++) {
            w += rate * tanh.slope(TWO_BITS, grid.withinCell(w / 0.5));
            twin += rate * alpha;
            if (w > next) {
                double expected = (next - map.map(-1.3)) / alpha;
                assertThat(t * rate).isCloseTo(expected, within(1e-3));
                next++;
            }
            if (twin > nextOfTwin) {
                double expected = (nextOfTwin - map.map(-1.3)) / alpha;
                assertThat(t * rate).isCloseTo(expected, within(1.1 * rate));
                nextOfTwin++;
            }
        }
        assertThat(next).isEqualTo(2);
        assertThat(map.map(w)).isCloseTo(twin, within(4e-4));
    }

    /** What theorem 2 rests on: Adam does not see the size of a coordinate's gradient. */
    @Test
    void adam_ignores_a_positive_factor_on_each_coordinate_and_momentum_does_not(Random random) {
        double[] factors = random.doubles(50, 0.01, 20).toArray();
        Adam adam = new Adam(1e-2, 0.9, 0.95, 0);
        assertThat(walk(adam, factors, random.nextLong())).isLessThan(1e-12);
        assertThat(walk(new Nesterovs(1e-2, 0.9), factors, random.nextLong())).isGreaterThan(0.1);
    }

    /** The largest relative difference of two walks, one with its gradients multiplied. */
    private static double walk(IUpdater updater, double[] factors, long seed) {
        int n = factors.length;
        INDArray f = Nd4j.createFromArray(factors).reshape(1, n);
        INDArray[] x = {Nd4j.ones(DataType.DOUBLE, 1, n), Nd4j.ones(DataType.DOUBLE, 1, n)};
        GradientUpdater<?>[] walkers = new GradientUpdater<?>[2];
        for (int i = 0; i < 2; i++) {
            walkers[i] =
                    updater.clone()
                            .instantiate(
                                    Nd4j.zeros(DataType.DOUBLE, 1, updater.stateSize(n)), true);
            walkers[i].setStateViewArray(
                    Nd4j.zeros(DataType.DOUBLE, 1, updater.stateSize(n)),
                    new long[] {1, n},
                    'c',
                    true);
        }
        Random random = new Random(seed);
        for (int t = 0; t < 300; t++) {
            double[] gradient = random.doubles(n).map(u -> random.nextGaussian() + 0.2).toArray();
            for (int i = 0; i < 2; i++) {
                INDArray g = Nd4j.createFromArray(gradient).reshape(1, n);
                g = i == 0 ? g : g.muli(f);
                walkers[i].applyUpdater(g, t, 0);
                x[i].subi(g);
            }
        }
        double largest = 0;
        for (int j = 0; j < n; j++) {
            double a = x[0].getDouble(j);
            largest = Math.max(largest, Math.abs(x[1].getDouble(j) - a) / Math.abs(a));
        }
        return largest;
    }

    /** A cyclic estimator of any slope. */
    private record Sloped(DoubleUnaryOperator form) implements CyclicEstimator {

        private static final long serialVersionUID = 1L;

        @Override
        public String name() {
            return "sloped";
        }

        @Override
        public double slope(QuantSpec spec, double tau) {
            return form.applyAsDouble(tau);
        }

        @Override
        public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
            throw new UnsupportedOperationException("only its slope is asked for");
        }
    }
}
