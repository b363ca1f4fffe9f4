package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CounterRandomTest {

    @Test
    void seed_stream_and_draw_each_give_another_key() {
        Set<Long> keys = new HashSet<>();
        for (long seed = -5; seed < 5; seed++) {
            for (long stream = -5; stream < 5; stream++) {
                for (long draw = 0; draw < 100; draw++) {
                    keys.add(CounterRandom.key(seed, stream, draw));
                }
            }
        }

        assertThat(keys).hasSize(10 * 10 * 100);
    }

    @Test
    void exchanging_stream_and_draw_gives_another_key() {
        assertThat(CounterRandom.key(1, 2, 3)).isNotEqualTo(CounterRandom.key(1, 3, 2));
        assertThat(CounterRandom.key(1, 2, 3)).isNotEqualTo(CounterRandom.key(2, 1, 3));
        assertThat(CounterRandom.key(1, 2, 3)).isEqualTo(CounterRandom.key(1, 2, 3));
    }

    @Test
    void numbers_of_neighbouring_draws_are_uniform_and_not_related() {
        int n = 100_000;
        long key = CounterRandom.key(7, 0, 1);
        long next = CounterRandom.key(7, 0, 2);
        double sum = 0;
        double product = 0;
        for (int i = 0; i < n; i++) {
            double u = CounterRandom.uniform(key, i) - 0.5;
            assertThat(u).isBetween(-0.5, Math.nextDown(0.5));
            sum += u;
            product += u * (CounterRandom.uniform(next, i) - 0.5);
        }

        assertThat(sum / n).isCloseTo(0, within(4 / Math.sqrt(12.0 * n)));
        assertThat(product / n).isCloseTo(0, within(4 / (12 * Math.sqrt(n))));
    }
}
