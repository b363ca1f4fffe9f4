package io.github.dl4jqat.examples;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class StraightThroughDemoTest {

    @Test
    void the_demo_shows_what_it_says() {
        StraightThroughDemo.Result result = StraightThroughDemo.run(new String[0]);

        assertThat(result.linearCoarse().reshape(9).toFloatVector())
                .containsExactly(14, 18, 22, 30, 34, 38, 46, 50, 54);
        assertThat(result.linearIsIndependentOfBits()).isTrue();
        assertThat(result.squaredDependsOnBits()).isTrue();
    }
}
