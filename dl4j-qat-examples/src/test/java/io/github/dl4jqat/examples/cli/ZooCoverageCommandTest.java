package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** The options of {@code qat zoo-coverage} reach the processes, and their rows the file. */
class ZooCoverageCommandTest {

    private static final String OLD =
            """
            [ {"model": "VGG16", "completed": false, "error": "as before"},
              {"model": "LeNet", "completed": false, "error": "to be replaced"} ]
            """;

    @TempDir private Path folder;

    @Test
    void oneModelThatGoesAllTheWay_isAddedToTheFile() throws IOException {
        Path json = folder.resolve("zoo.json");
        Files.writeString(json, OLD);
        CliRun run =
                CliRun.of(
                        "zoo-coverage",
                        "--models=lenet",
                        "--heap=2g",
                        "--requantization=fixed-point",
                        "--append",
                        "--json",
                        json);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains(
                        "[1/1] LeNet ...",
                        "done after",
                        "100.00 %",
                        "on the Java engine only: ",
                        "not completed: as before",
                        "1 of 2 models went all the way")
                .doesNotContain("to be replaced");
        JsonNode rows = new ObjectMapper().readTree(json.toFile());
        assertThat(rows.size()).isEqualTo(2);
        JsonNode leNet = rows.get(0);
        assertThat(leNet.path("model").asText()).isEqualTo("LeNet");
        assertThat(leNet.path("completed").asBoolean()).isTrue();
        assertThat(leNet.path("quantizedLayers").isInt()).isTrue();
        assertThat(leNet.path("floatLayers").isArray()).isTrue();
        assertThat(leNet.path("labelAgreement").asDouble()).isEqualTo(1);
        assertThat(leNet.path("maxLsb").asInt(-1)).isZero();
        assertThat(leNet.path("requantization").asText()).isEqualTo("FIXED_POINT");
        assertThat(leNet.path("javaVsOrtMaxLsb").isNull()).isTrue();
        assertThat(leNet.path("engine").asText()).isEqualTo("Java");
        assertThat(leNet.path("phases").path("engines").asDouble()).isPositive();
        assertThat(leNet.path("phases").path("memory").asDouble()).isPositive();
        assertThat(leNet.path("seconds").asDouble())
                .isGreaterThan(leNet.path("phases").path("memory").asDouble());
        assertThat(leNet.path("processPeakBytes").isNumber()).isTrue();
        JsonNode vgg16 = rows.get(1);
        assertThat(vgg16.path("error").asText()).isEqualTo("as before");
        assertThat(vgg16.path("quantizedLayers").isNull()).isTrue();
    }

    @Test
    void optionsThatCannotBe_areRefusedBeforeAnythingRuns() throws IOException {
        Path other = folder.resolve("other.json");
        Files.writeString(other, "{\"a\": 1}");
        assertThat(CliRun.of("zoo-coverage", "--requantization=exact").errors())
                .contains("--requantization: expected float or fixed-point, got exact");
        assertThat(CliRun.of("zoo-coverage", "--append").errors())
                .contains("--append: expected --json FILE");
        assertThat(CliRun.of("zoo-coverage", "--append", "--json=" + other).errors())
                .contains("other.json: expected an array", "leave --append out");
        assertThat(CliRun.of("zoo-coverage", "--models=HAL9000").errors())
                .contains("HAL9000", "ResNet50");
        assertThat(CliRun.of("zoo-coverage", "--heap=much").errors()).contains("such as 6g");
        assertThat(other).hasContent("{\"a\": 1}");
    }
}
