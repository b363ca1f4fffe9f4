package io.github.dl4jqat.quant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BiasTest {

    @ParameterizedTest
    @CsvSource({
        "0.1, 7.8740157e-05, 1270",
        "0.5, 1, 0",
        "1.5, 1, 2",
        "-2.5, 1, -2",
        "1e30, 1e-3, 2147483647",
        "-1e30, 1e-3, -2147483648",
        "NaN, 1, 0",
    })
    void a_bias_is_a_whole_number_of_accumulator_steps(double bias, float scale, int expected) {
        assertThat(Bias.quantize(bias, scale)).isEqualTo(expected);
    }

    @Test
    void the_scale_floor_keeps_a_bias_within_2_to_the_30_steps() {
        float floor = Bias.scaleFloor(-3.5, 0.02f);

        assertThat(Math.abs(Bias.quantize(-3.5, 0.02f * floor)))
                .isBetween((1 << 30) - 200, (1 << 30) + 200);
    }

    @Test
    void a_layer_without_bias_has_no_floor() {
        assertThat(Bias.scaleFloor(0, 0.02f)).isZero();
    }
}
