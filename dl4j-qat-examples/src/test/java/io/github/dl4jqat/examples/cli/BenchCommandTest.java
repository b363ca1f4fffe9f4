package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class BenchCommandTest {

    @TempDir private Path folder;

    @Test
    void one_case_gives_its_figures() throws IOException {
        Path json = folder.resolve("bench.json");
        CliRun run =
                CliRun.of(
                        "bench", "--suite=train", "--cases=^MLP$", "--rounds=5", "--json=" + json);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("train: MLP batch 64, QAT", "our float", "stock float")
                .doesNotContain("null");
        JsonNode figures = new ObjectMapper().readTree(json.toFile());
        assertThat(figures.size()).isEqualTo(3);
        for (JsonNode figure : figures) {
            assertThat(figure.path("suite").asText()).isEqualTo("train");
            assertThat(figure.path("case").asText()).startsWith("MLP batch 64, ");
            assertThat(figure.path("baseline").asText()).endsWith("float");
            assertThat(figure.path("ratio").asDouble()).isPositive();
            assertThat(figure.path("spread").isNumber()).isTrue();
            assertThat(figure.path("absoluteMs").asDouble()).isPositive();
        }
    }

    @Test
    void the_list_names_all_suites() {
        CliRun run = CliRun.of("bench", "--list");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains(
                        "kernels: fake quantization",
                        "train: ResNet-20",
                        "train: estimator lsq",
                        "infer: LeNet batch 1",
                        "growth: batch 256",
                        "prepare: ResNet50");
    }

    @Test
    void bad_options_are_said_in_one_line() {
        assertThat(CliRun.of("bench", "--suite=speed").errors())
                .contains("no suite 'speed'; there are kernels, train, infer, growth, prepare");
        assertThat(CliRun.of("bench", "--rounds=2").errors())
                .contains("at least 5 rounds, without");
        assertThat(CliRun.of("bench", "--cases=(").errors()).contains("--cases: ");
        assertThat(CliRun.of("bench", "--cases=nothing like it", "--list").errors())
                .contains("nothing in --suite all matches 'nothing like it'");
        CliRun run = CliRun.of("bench", "--list", "--json=" + folder.resolve("no/such/file"));
        assertThat(run.exitCode()).isEqualTo(2);
    }
}
