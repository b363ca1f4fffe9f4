package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class GridTest {

    private static final Grid INT2 =
            Grid.of(QuantParams.of(Quantizers.intPerTensor(3), 1f, 0)); // -3..3
    private static final Grid MID_RISE =
            Grid.of(QuantParams.of(Quantizers.midRisePerTensor(2), 1f, 0)); // -3, -1, 1, 3

    @ParameterizedTest
    @CsvSource({"-9, -3", "-2.5, -2", "-0.5, 0", "0.5, 0", "1.5, 2", "2.5, 2", "2.51, 3", "9, 3"})
    void whole_numbers_round_half_to_even_and_zero_is_positive(double t, double level) {
        assertThat(INT2.level(t)).isEqualTo(level);
        assertThat(1 / INT2.level(-0.2)).isPositive();
    }

    @ParameterizedTest
    @CsvSource({
        "-9, -3",
        "-2, -3",
        "-1.99, -1",
        "-1e-300, -1",
        "-0.0, 1",
        "0, 1",
        "2, 1",
        "2.01, 3"
    })
    void mid_rise_levels_are_odd(double t, double level) {
        assertThat(MID_RISE.level(t)).isEqualTo(level);
    }

    @Test
    void a_mid_rise_grid_agrees_with_its_parameters_everywhere() {
        for (int bits = 1; bits <= 7; bits++) {
            QuantParams p = QuantParams.of(Quantizers.midRisePerTensor(bits), 0.25f, 0);
            Grid grid = Grid.of(p);
            for (int i = -2000; i <= 2000; i++) {
                float x = i / 64f;
                assertThat(grid.level(x / 0.25f)).isEqualTo(p.quantize(x, 0));
            }
        }
    }

    @Test
    void real_bounds_give_levels_between_them_with_a_fraction() {
        Grid grid = Grid.between(-1, 1, 4); // steps of 2/3: -1.5, -0.5, 0.5, 1.5
        assertThat(grid.low()).isEqualTo(-1.5, within(1e-15));
        assertThat(grid.high()).isEqualTo(1.5, within(1e-15));
        assertThat(grid.level(0.2)).isEqualTo(0.5, within(1e-15));
        assertThat(grid.level(-7)).isEqualTo(-1.5, within(1e-15));
    }

    @Test
    void positions_within_a_cell_are_counted_from_its_middle() {
        assertThat(INT2.withinCell(-3)).isEqualTo(-0.5);
        assertThat(INT2.withinCell(0.5)).isZero();
        assertThat(INT2.withinCell(3)).isEqualTo(0.5); // the end belongs to the last cell
        assertThat(MID_RISE.withinCell(0)).isZero();
        assertThat(MID_RISE.withinCell(0.5)).isEqualTo(0.25);
        assertThat(MID_RISE.cell(-3)).isZero();
        assertThat(MID_RISE.cell(3)).isEqualTo(2);
    }

    @Test
    void not_a_number_stays_one() {
        assertThat(INT2.level(Double.NaN)).isNaN();
        assertThat(INT2.clamp(Double.NaN)).isNaN();
    }
}
