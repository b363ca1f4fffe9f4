package io.github.dl4jqat.examples.bench;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.api.Test;

final class KernelBenchmarkTest {

    @Test
    void the_kernels_pass_the_check_before_the_timing() {
        assertThatCode(() -> new KernelBenchmark().verify()).doesNotThrowAnyException();
    }
}
