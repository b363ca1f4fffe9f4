package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** {@link Table} lines its columns up. */
class TableTest {

    @Test
    void columns_areAsWideAsTheirWidestCell() {
        Table table = new Table("model", "right").row("a", "99.10 %").row("longer", "");
        assertThat(table.toString().lines())
                .containsExactly(
                        "  model      right",
                        "  ------   -------",
                        "  a        99.10 %",
                        "  longer");
    }

    @Test
    void rows_haveOneCellPerColumn() {
        assertThatThrownBy(() -> new Table("a", "b").row("only one"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected 2 cells, got 1");
    }
}
