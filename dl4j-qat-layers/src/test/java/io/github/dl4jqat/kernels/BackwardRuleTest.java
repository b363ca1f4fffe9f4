package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class BackwardRuleTest {

    @Test
    void numbers_and_names_in_saved_graphs_never_change() {
        assertThat(BackwardRule.IDENTITY.id()).isEqualTo(1);
        assertThat(BackwardRule.CLIPPED.id()).isEqualTo(2);
        assertThat(BackwardRule.IDENTITY.ruleName()).isEqualTo("identity");
        assertThat(BackwardRule.CLIPPED.ruleName()).isEqualTo("clipped");
    }

    @Test
    void every_rule_is_found_by_number_and_by_name() {
        for (BackwardRule rule : BackwardRule.values()) {
            assertThat(BackwardRule.ofId(rule.id())).isSameAs(rule);
            assertThat(BackwardRule.ofName(rule.ruleName())).isSameAs(rule);
            assertThat(rule.kernel()).isNotNull();
        }
    }

    @Test
    void unknown_rules_are_refused_with_the_known_ones() {
        assertThatThrownBy(() -> BackwardRule.ofId(99))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("number 99")
                .hasMessageContaining("1 \"identity\", 2 \"clipped\"");
        assertThatThrownBy(() -> BackwardRule.ofName("lsq"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("called \"lsq\"");
    }
}
