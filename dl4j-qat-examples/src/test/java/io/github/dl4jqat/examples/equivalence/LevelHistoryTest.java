package io.github.dl4jqat.examples.equivalence;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LevelHistoryTest {

    /** Weight 0 takes the levels given, one step after the other from {@code from} on. */
    private static LevelHistory history(int from, int first, int... levels) {
        LevelHistory history = new LevelHistory(new int[] {first, 9});
        for (int i = 0; i < levels.length; i++) {
            history.note(from + i, 0, levels[i]);
            history.note(from + i, 1, 9);
        }
        return history;
    }

    @Test
    void equal_levels_at_other_steps_agree_with_a_distance() {
        SequenceAgreement a = history(1, -1, 1, 3).agreement(history(4, -1, 1, 3), false);
        assertThat(a).isEqualTo(new SequenceAgreement(1, 0.5, 1, 3));
    }

    @Test
    void other_levels_do_not_agree() {
        SequenceAgreement a = history(1, -1, 1, 3).agreement(history(1, -1, 1, -1), false);
        assertThat(a).isEqualTo(new SequenceAgreement(0.5, 0.5, 0, 0));
        assertThat(history(1, -1, 1, -1).levels()).containsExactly(-1, 9);
    }

    @Test
    void staying_is_no_change() {
        LevelHistory still = history(1, -1, -1, -1, -1);
        assertThat(still.changes()).isZero();
        assertThat(still.agreement(still, false)).isEqualTo(new SequenceAgreement(1, 0, 1, 0));
    }

    @Test
    void oscillation_is_compressed_to_one_change() {
        LevelHistory swinging = history(1, -1, 1, -1, 1, -1, 1);
        LevelHistory calm = history(5, -1, 1);
        assertThat(swinging.changes()).isEqualTo(5);
        assertThat(swinging.agreement(calm, false).sequences()).isEqualTo(0.5);
        assertThat(swinging.agreement(calm, true)).isEqualTo(new SequenceAgreement(1, 0.5, 1, 0));
        // a b a alone is kept
        assertThat(history(1, -1, 1, -1).agreement(history(1, -1), true).sequences())
                .isEqualTo(0.5);
        // after the oscillation it goes on
        assertThat(history(1, -1, 1, -1, 1, 3).agreement(history(1, -1, 1, 3), true).sequences())
                .isEqualTo(1);
    }

    @Test
    void many_changes_fit() {
        LevelHistory history = new LevelHistory(new int[3]);
        for (int step = 1; step <= 5_000; step++) {
            history.note(step, step % 3, step);
        }
        assertThat(history.changes()).isEqualTo(5_000);
        assertThat(history.levels()).containsExactly(4998, 4999, 5000);
        assertThat(history.agreement(history, true)).isEqualTo(new SequenceAgreement(1, 1, 1, 0));
    }
}
