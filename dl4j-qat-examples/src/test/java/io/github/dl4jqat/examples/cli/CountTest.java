package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** {@link Count} knows when there is one. */
class CountTest {

    @Test
    void oneIsNotMany() {
        assertThat(Count.of(0, "model")).isEqualTo("0 models");
        assertThat(Count.of(1, "model")).isEqualTo("1 model");
        assertThat(Count.of(2, "bit")).isEqualTo("2 bits");
        assertThat(Count.of(1_256_080, "weight")).isEqualTo("1,256,080 weights");
    }
}
