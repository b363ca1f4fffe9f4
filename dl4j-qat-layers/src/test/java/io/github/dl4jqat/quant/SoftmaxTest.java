package io.github.dl4jqat.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class SoftmaxTest {

    @Test
    void probabilities_are_those_of_the_definition() {
        float[] x = {9f, 1f, 2f, 3f, 9f};

        Softmax.apply(x, 1, 3);

        assertThat(x)
                .containsExactly(
                        new float[] {9f, 0.09003057f, 0.24472848f, 0.66524094f, 9f}, within(1e-7f));
    }

    @Test
    void logits_that_stand_apart_give_the_numbers_of_logits_side_by_side() {
        float[] x = {9f, 1f, 5f, 2f, 6f, 3f, 9f};

        Softmax.apply(x, 1, 3, 2);

        float[] beside = {1f, 2f, 3f};
        Softmax.apply(beside, 0, 3);
        assertThat(x).containsExactly(9f, beside[0], 5f, beside[1], 6f, beside[2], 9f);
    }

    @Test
    void large_logits_do_not_overflow_and_ties_stay_ties() {
        float[] x = {1000f, 1000f, -1000f};

        Softmax.apply(x, 0, 3);

        assertThat(x).containsExactly(0.5f, 0.5f, 0f);
    }
}
