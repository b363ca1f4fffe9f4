package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** The options of {@code qat zoo-coverage} reach the processes, and their rows the file. */
class ZooCoverageCommandTest {

    @TempDir private Path folder;

    @Test
    void oneModelThatGoesAllTheWay_andOneThatDoesNot() throws IOException {
        Path json = folder.resolve("zoo.json");
        CliRun run =
                CliRun.of("zoo-coverage", "--models=lenet,NASNet", "--heap=2g", "--json=" + json);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains(
                        "[1/2] LeNet ...",
                        "[2/2] NASNet ...",
                        "100.00 %",
                        "not completed: construct: IllegalArgumentException",
                        "1 of 2 models went all the way");
        JsonNode rows = new ObjectMapper().readTree(json.toFile());
        assertThat(rows.size()).isEqualTo(2);
        JsonNode leNet = rows.get(0);
        assertThat(leNet.path("model").asText()).isEqualTo("LeNet");
        assertThat(leNet.path("completed").asBoolean()).isTrue();
        assertThat(leNet.path("quantizedLayers").isInt()).isTrue();
        assertThat(leNet.path("floatLayers").isArray()).isTrue();
        assertThat(leNet.path("labelAgreement").asDouble()).isEqualTo(1);
        assertThat(leNet.path("maxLsb").asInt(-1)).isZero();
        assertThat(leNet.path("javaVsOrtMaxLsb").asInt(-1)).isZero();
        assertThat(leNet.path("seconds").asDouble()).isPositive();
        assertThat(leNet.path("phases").path("engines").asDouble()).isPositive();
        assertThat(leNet.path("processPeakBytes").isNumber()).isTrue();
        JsonNode nasNet = rows.get(1);
        assertThat(nasNet.path("completed").asBoolean(true)).isFalse();
        assertThat(nasNet.path("error").asText()).startsWith("construct: ");
        assertThat(nasNet.path("quantizedLayers").isNull()).isTrue();
    }
}
