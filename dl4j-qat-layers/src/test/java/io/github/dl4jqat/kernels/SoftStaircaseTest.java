package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.kernels.SoftStaircase.LearnedBounds;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(Seeds.class)
final class SoftStaircaseTest {

    private static final Offset<Double> VECTOR = within(1e-8);
    private static final int LEVELS = 4;

    /** Everything learned, on {@code lower..upper}; parameters alpha, lower, upper. */
    private static Runs on(double lower, double upper, double alpha, boolean soft) {
        return new Runs(
                new SoftStaircase(Double.NaN, LearnedBounds.BOTH, soft),
                Grid.between(lower, upper, LEVELS),
                (upper - lower) / (LEVELS - 1),
                alpha,
                lower,
                upper);
    }

    private static double soft(double x, double lower, double upper, double alpha) {
        return on(lower, upper, alpha, true).forward(x)[0];
    }

    @ParameterizedTest(name = "x={0}")
    @CsvSource({
        "-1.2, -1, 0, 0, 1, 0, -1",
        "-.9, -.935985102, .799533307, .135052516, .208435909, -.007969216, -1",
        "-.7, -.712258901, 1.356823207, .05736468, -.297170276, -.059652932, -1",
        "-.4, -.3725572, .689046633, -.09695374, .203945957, .10700741, -.333333333333",
        "-.1, -.132561105, 1.23426716, .146375948, -.112566386, -.121700774, -.333333333333",
        ".05, .068048398, 1.336637398, -.083920029, -.168926963, -.167710435, .333333333333",
        ".5, .458333333, 1.029949021, .173611111, .013346078, -.043295099, .333333333333",
        ".8, .838826762, 1.138819842, -.168725249, -.033295365, -.105524477, 1",
        "1.1, 1, 0, 0, 0, 1, 1",
    })
    void two_bits_give_the_numbers_of_the_definition(
            double x,
            double q,
            double dx,
            double dAlpha,
            double dLower,
            double dUpper,
            double hard) {
        Runs soft = on(-1, 1, .2, true);
        Runs rounded = on(-1, 1, .2, false);

        assertThat(soft.forward(x)[0]).isEqualTo(q, VECTOR);
        assertThat(rounded.forward(x)[0]).isEqualTo(hard, VECTOR);
        for (Runs runs : new Runs[] {soft, rounded}) {
            assertThat(runs.dx(x)[0]).isEqualTo(dx, VECTOR);
            assertThat(runs.sums(x)).containsExactly(new double[] {dAlpha, dLower, dUpper}, VECTOR);
        }
    }

    @ParameterizedTest(name = "x={0}")
    @CsvSource({
        "-1.2, -1, 0",
        "-.8, -1, 1.13332504",
        "-.6, -.5, .976400057",
        "0, 0, .739356993",
        ".1, 0, .976400057",
        ".3, .5, 1.13332504",
        ".6, .5, 0"
    })
    void integer_grids_with_a_fixed_alpha_give_the_numbers_of_a_known_implementation(
            double x, double hard, double dx) {
        Runs runs =
                new Runs(
                        new SoftStaircase(.4, LearnedBounds.NONE, false),
                        new Grid(-2, 1, 0, false),
                        .5);

        assertThat(runs.forward(x)[0]).isEqualTo(hard, VECTOR);
        assertThat(runs.dx(x)[0]).isEqualTo(dx, VECTOR);
        assertThat(runs.sums(x)).isEmpty();
    }

    @ParameterizedTest(name = "x={0}")
    @CsvSource({"-.8, -.80739506", "-.6, -.586057954", "0, 0", ".1, .086057954", ".3, .30739506"})
    void the_soft_forward_pass_gives_them_too(double x, double expected) {
        Runs runs =
                new Runs(
                        new SoftStaircase(.4, LearnedBounds.NONE, true),
                        new Grid(-2, 1, 0, false),
                        .5);

        assertThat(runs.forward(x)[0]).isEqualTo(expected, VECTOR);
    }

    @Test
    void derivatives_are_those_of_the_soft_forward_pass(Random random) {
        double h = 1e-6;
        for (int i = 0; i < 300; i++) {
            double alpha = .05 + .4 * random.nextDouble();
            double lower = -.2 - random.nextDouble();
            double upper = .2 + random.nextDouble();
            double place = random.nextInt(LEVELS + 1) - 1 + .01 + .98 * random.nextDouble();
            double x = lower + place * (upper - lower) / (LEVELS - 1);
            Runs runs = on(lower, upper, alpha, false);
            double[] sums = runs.sums(x);

            assertThat(runs.dx(x)[0])
                    .isEqualTo(
                            (soft(x + h, lower, upper, alpha) - soft(x - h, lower, upper, alpha))
                                    / (2 * h),
                            within(1e-6));
            assertThat(sums[0])
                    .isEqualTo(
                            (soft(x, lower, upper, alpha + h) - soft(x, lower, upper, alpha - h))
                                    / (2 * h),
                            within(1e-6));
            assertThat(sums[1])
                    .isEqualTo(
                            (soft(x, lower + h, upper, alpha) - soft(x, lower - h, upper, alpha))
                                    / (2 * h),
                            within(1e-6));
            assertThat(sums[2])
                    .isEqualTo(
                            (soft(x, lower, upper + h, alpha) - soft(x, lower, upper - h, alpha))
                                    / (2 * h),
                            within(1e-6));
        }
    }

    @ParameterizedTest(name = "mid-rise {0}")
    @ValueSource(booleans = {false, true})
    void a_single_bound_carries_the_lower_one_along(boolean midRise, Random random) {
        // levels -2..1, or -3, -1, 1, 3
        Grid grid = midRise ? new Grid(-3, 3, 0, true) : new Grid(-2, 1, 0, false);
        double h = 1e-6;
        for (int i = 0; i < 100; i++) {
            double upper = .2 + random.nextDouble();
            double x = 2 * random.nextGaussian() * upper;
            double step = upper / grid.high();
            double p = x / step;
            if (Math.abs(p - grid.low()) < .01 || Math.abs(p - grid.high()) < .01) {
                continue;
            }
            SoftStaircase soft = new SoftStaircase(.3, LearnedBounds.UPPER, true);
            double above = new Runs(soft, grid, (upper + h) / grid.high(), upper + h).forward(x)[0];
            double below = new Runs(soft, grid, (upper - h) / grid.high(), upper - h).forward(x)[0];

            assertThat(new Runs(soft, grid, step, upper).sums(x)[0])
                    .isEqualTo((above - below) / (2 * h), within(1e-5));
        }
    }

    @Test
    void gradients_of_value_and_bounds_add_to_one_everywhere(Random random) {
        for (int i = 0; i < 1000; i++) {
            double x = 2 * random.nextGaussian();
            Runs runs = on(-1.1, .7, .01 + .4 * random.nextDouble(), false);
            double[] sums = runs.sums(x);

            assertThat(runs.dx(x)[0] + sums[1] + sums[2]).isEqualTo(1, within(1e-12));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {.001, .05, .2, .5, .9, .999})
    void the_slope_is_even_and_has_the_mean_one(double alpha) {
        int n = 200_000;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double tau = (i + .5) / n - .5;
            sum += SoftStaircase.slope(alpha, tau);
        }

        assertThat(sum / n).isEqualTo(1, within(1e-6));
        assertThat(SoftStaircase.slope(alpha, .3)).isEqualTo(SoftStaircase.slope(alpha, -.3));
    }

    @Test
    void the_limits_are_a_line_and_a_staircase() {
        double[] x = {-.9, -.55, -.1, .02, .4, .77};

        for (double alpha : new double[] {1, 1 - 1e-9}) {
            Runs line =
                    new Runs(
                            new SoftStaircase(alpha, LearnedBounds.NONE, true),
                            Grid.between(-1, 1, 4),
                            2 / 3.);
            assertThat(line.forward(x)).containsExactly(x, within(1e-6));
            assertThat(line.dx(x)[2]).isEqualTo(1, within(1e-5));
        }
        // logarithmically slow: .0023 at 1e-12 for places a tenth of a cell from the middle
        Runs stairs =
                new Runs(
                        new SoftStaircase(0, LearnedBounds.NONE, true),
                        Grid.between(-1, 1, 4),
                        2 / 3.);
        assertThat(stairs.forward(-.9, -.5, -.1, .1, .5, .9))
                .containsExactly(
                        new double[] {-1, -1 / 3., -1 / 3., 1 / 3., 1 / 3., 1}, within(.003));
        assertThat(stairs.dx(x)).doesNotContain(Double.NaN, Double.POSITIVE_INFINITY);
    }

    @Test
    void levels_stay_levels_and_what_is_no_number_gets_nothing() {
        Runs runs = on(-1, 1, .2, true);
        double inf = Double.POSITIVE_INFINITY;

        assertThat(runs.forward(-1, -1 / 3., 1 / 3., 1))
                .containsExactly(new double[] {-1, -1 / 3., 1 / 3., 1}, within(1e-12));
        assertThat(runs.forward(Double.NaN, inf, -inf)).containsExactly(Double.NaN, 1, -1);
        assertThat(runs.dx(Double.NaN, inf, -inf)).containsExactly(0, 0, 0);
        assertThat(runs.sums(Double.NaN)).containsExactly(0, 0, 0);
        assertThat(runs.sums(inf)).containsExactly(0, 0, 1);
        assertThat(runs.sums(-inf)).containsExactly(0, 1, 0);
        assertThat(runs.levels(.4)).containsExactly(.5);
    }

    @Test
    void the_rounding_of_a_scale_puts_no_value_outside() {
        Runs runs =
                new Runs(
                        new SoftStaircase(.2, LearnedBounds.NONE, false),
                        new Grid(-7, 7, 0, false),
                        1);

        assertThat(runs.dx(7 * (1 + 1e-7), -7 * (1 + 1e-7), 7 * (1 + 1e-6)))
                .containsExactly(
                        new double[] {SoftStaircase.slope(.2, .5), SoftStaircase.slope(.2, -.5), 0},
                        within(1e-12));
    }
}
