package io.github.dl4jqat.examples.equivalence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WarmupCosineTest {

    @Test
    void rises_evenly_and_falls_along_a_cosine() {
        WarmupCosine schedule = new WarmupCosine(1, 2, 6);
        double root = Math.sqrt(0.5);
        assertThat(IntStream.range(0, 8).mapToDouble(t -> schedule.valueAt(t, 3)).toArray())
                .containsExactly(
                        new double[] {0, 0.5, 1, (1 + root) / 2, 0.5, (1 - root) / 2, 0, 0},
                        within(1e-12));
    }

    @Test
    void two_percent_are_the_rise() {
        assertThat(WarmupCosine.over(500, 1e-3)).isEqualTo(new WarmupCosine(1e-3, 10, 500));
        assertThat(WarmupCosine.over(30, 1).valueAt(0, 0)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 2", "-1, 1, 2", "NaN, 1, 2", "1, -1, 2", "1, 2, 2"})
    void numbers_without_sense_are_refused(double peak, int warmup, int total) {
        assertThatThrownBy(() -> new WarmupCosine(peak, warmup, total))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("peak=" + peak)
                .hasMessageContaining("total=" + total);
    }
}
