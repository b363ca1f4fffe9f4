package io.github.dl4jqat.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContestTest {

    @Test
    void quantiles_lie_between_the_sorted_values() {
        double[] values = {4, 1, 3, 2, 10};
        assertThat(Contest.quantile(values, 0)).isEqualTo(1);
        assertThat(Contest.quantile(values, 0.5)).isEqualTo(3);
        assertThat(Contest.quantile(values, 0.875)).isEqualTo(7);
        assertThat(Contest.quantile(values, 1)).isEqualTo(10);
        assertThat(values).containsExactly(4, 1, 3, 2, 10);
    }

    @Test
    void entrants_take_turns_and_warmups_do_not_count() {
        List<String> order = new ArrayList<>();
        List<Figure> figures =
                new Contest()
                        .enter("a", () -> order.add("a"))
                        .enter("b", () -> order.add("b"))
                        .compare("b", "a")
                        .run("suite", "case ", new Effort(5, 2, 0));
        assertThat(String.join("", order)).isEqualTo("ab".repeat(7));
        assertThat(figures).hasSize(1);
        assertThat(figures.get(0).name()).isEqualTo("case b");
        assertThat(figures.get(0).baseline()).isEqualTo("a");
        assertThat(figures.get(0).ratio()).isPositive();
    }

    @Test
    void the_amount_is_the_time_of_one_call() {
        Figure figure =
                new Contest()
                        .enter("one", () -> spend(2_000_000))
                        .enter("two", () -> spend(4_000_000))
                        .compare("two", "one")
                        .run("suite", "", new Effort(5, 0, 0))
                        .get(0);
        assertThat(figure.amount()).isGreaterThanOrEqualTo(4);
    }

    private static void spend(long nanos) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) {
            Thread.onSpinWait();
        }
    }

    @Test
    void only_entrants_are_compared() {
        assertThatThrownBy(() -> new Contest().enter("a", () -> {}).compare("a", "b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'b'");
    }

    @Test
    void few_rounds_have_no_spread() {
        assertThatThrownBy(() -> Effort.of(4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at least 5 rounds");
    }

    @Test
    void a_number_that_there_is_none_of_is_null_for_programs() {
        Map<String, Object> entries =
                new Figure("s", "c", null, Double.NaN, Double.NaN, 2.5, Figure.Unit.MEGABYTES)
                        .entries();
        assertThat(entries)
                .containsEntry("ratio", null)
                .containsEntry("baseline", null)
                .containsEntry("absoluteMb", 2.5);
        assertThat(entries.keySet())
                .containsExactly("suite", "case", "baseline", "ratio", "spread", "absoluteMb");
    }
}
