package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.Runs;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Symmetry;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TanhGradientTest {

    private static final Offset<Double> VECTOR = within(1e-8);
    private static final QuantSpec TWO_BITS = Quantizers.midRisePerTensor(2);
    private static final TanhGradient PAPER = new TanhGradient(6.5, 1.5);

    private static QuantParams nobody() {
        throw new AssertionError("a fixed range needs no observer");
    }

    private static Runs paper() {
        QuantParams grid = PAPER.grid(TWO_BITS, new double[0][], TanhGradientTest::nobody);
        return new Runs(PAPER.kernel(TWO_BITS, Moment.EVALUATION), Grid.of(grid), grid.scale());
    }

    @ParameterizedTest(name = "w={0}")
    @CsvSource({
        "-1.5, .113758575, -1.5",
        "-1.25, .820492266, -1.5",
        "-1, 2.224292423, -1.5",
        "-.9, 1.853840375, -.5",
        "-.75, .820492266, -.5",
        "-.5, .113758575, -.5",
        "-.1, 1.853840375, -.5",
        "0, 2.224292423, .5",
        ".1, 1.853840375, .5",
        ".25, .820492266, .5",
        ".4, .261212667, .5",
        ".75, .820492266, .5",
        "1.3, .572606709, 1.5",
        "1.5, .113758575, 1.5",
        "1.6, 0, 1.5",
        "-1.6, 0, -1.5",
    })
    void two_bits_give_the_numbers_of_the_paper_s_quantizer(double w, double slope, double level) {
        assertThat(paper().dx(w)[0]).isEqualTo(slope, VECTOR);
        assertThat(paper().forward(w)[0]).isEqualTo(level);
    }

    @ParameterizedTest(name = "{0} bits, sharpness {1}")
    @CsvSource({
        "1, 2, 2.074629441, .146574281",
        "2, 5.5, 1.929517572, .187573803",
        "2, 6.5, 2.224292423, .113758575",
        "4, 18, 1.439445053, .439059525",
        "2, 1e-4, 1, 1",
    })
    void the_slope_has_its_extremes_halfway_and_at_the_levels(
            int bits, double sharpness, double largest, double smallest) {
        TanhGradient how = new TanhGradient(sharpness, null);
        QuantSpec spec = Quantizers.midRisePerTensor(bits);

        assertThat(how.slope(spec, 0)).isEqualTo(largest, VECTOR);
        assertThat(how.slope(spec, .5)).isEqualTo(smallest, VECTOR);
        assertThat(how.slope(spec, -.5)).isEqualTo(smallest, VECTOR);
    }

    @Test
    void levels_are_counted_alike_on_every_grid() {
        TanhGradient how = new TanhGradient(6.5, null);
        double expected = how.slope(TWO_BITS, .2);

        assertThat(how.slope(Quantizers.uintPerTensor(2), .2)).isEqualTo(expected);
        assertThat(how.slope(Quantizers.intPerTensor(2), .2)).isNotEqualTo(expected);
        assertThat(new TanhGradient(6.5 * 2 / 3, null).slope(Quantizers.intPerTensor(2), .2))
                .isEqualTo(expected, within(1e-12));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-4, 1, 6.5, 40})
    void the_mean_over_a_cell_is_one(double sharpness) {
        TanhGradient how = new TanhGradient(sharpness, null);
        int n = 100_000;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += how.slope(TWO_BITS, (i + .5) / n - .5);
        }

        assertThat(sum / n).isEqualTo(1, within(1e-6));
    }

    @Test
    void what_is_no_number_gets_no_gradient() {
        double inf = Double.POSITIVE_INFINITY;

        assertThat(paper().dx(Double.NaN, inf, -inf)).containsExactly(0, 0, 0);
    }

    @Test
    void the_rounding_of_a_scale_puts_no_value_outside() {
        assertThat(paper().dx(1.5 * (1 + 1e-7), -1.5 * (1 + 1e-7)))
                .containsExactly(new double[] {.113758575, .113758575}, VECTOR);
        assertThat(paper().dx(1.5 * (1 + 1e-6))).containsExactly(0);
    }

    @Test
    void a_fixed_range_makes_the_grid_and_none_leaves_it() {
        QuantSpec perChannel = Quantizers.intPerChannel(4);
        QuantSpec uint = new QuantSpec(4, false, Symmetry.SYMMETRIC, false, TWO_BITS.granularity());
        QuantParams observed = QuantParams.of(perChannel, new float[] {1, 2, 3}, 0);

        assertThat(PAPER.grid(TWO_BITS, new double[0][], TanhGradientTest::nobody))
                .isEqualTo(QuantParams.of(TWO_BITS, .5f, 0));
        assertThat(PAPER.grid(uint, new double[0][], TanhGradientTest::nobody))
                .isEqualTo(QuantParams.of(uint, .1f, 0));
        assertThat(
                        PAPER.grid(
                                Quantizers.int8AffinePerTensor(),
                                new double[0][],
                                TanhGradientTest::nobody))
                .isEqualTo(QuantParams.fromRange(Quantizers.int8AffinePerTensor(), -1.5f, 1.5f));
        assertThat(PAPER.grid(perChannel, new double[0][], () -> observed))
                .isEqualTo(
                        QuantParams.of(perChannel, new float[] {1.5f / 7, 1.5f / 7, 1.5f / 7}, 0));
        assertThat(new TanhGradient(2, null).grid(perChannel, new double[0][], () -> observed))
                .isSameAs(observed);
    }

    @Test
    void numbers_that_are_not_above_zero_are_refused() {
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new TanhGradient(bad, null))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'tanh': sharpness=" + bad);
            assertThatThrownBy(() -> new TanhGradient(1, bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("range=" + bad);
        }
        assertThatThrownBy(() -> PAPER.slope(TWO_BITS, Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tau=NaN");
    }
}
