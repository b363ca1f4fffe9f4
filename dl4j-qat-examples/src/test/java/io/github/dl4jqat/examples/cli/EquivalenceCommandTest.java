package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.examples.data.DrawnDigits;
import io.github.dl4jqat.examples.data.IdxBytes;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** The options of {@code qat equivalence} reach the experiment, and its figures the files. */
class EquivalenceCommandTest {

    @TempDir private Path folder;

    @Test
    void aFewSteps_giveATable_aFileAndAPicture() throws IOException {
        DrawnDigits drawn = new DrawnDigits(1, 40, 20);
        IdxBytes.write(folder, "train", drawn.train());
        IdxBytes.write(folder, "t10k", drawn.test());
        Path json = folder.resolve("result.json");
        Path plot = folder.resolve("plot.png");
        CliRun run =
                CliRun.of(
                        "equivalence",
                        "--data=" + folder,
                        "--optimizer=adam",
                        "--variant=keras",
                        "--epochs=1",
                        "--decades=1",
                        "--no-controls",
                        "--bits=4",
                        "--learning-rate=0.01",
                        "--seed=7",
                        "--precision=double",
                        "--batch=8",
                        "--steps=3",
                        "--json=" + json,
                        "--plot=" + plot);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains(
                        "4 bits, tanh of sharpness 18.0, learning rate factor 0.878354300",
                        "alignment error",
                        "straight through, nothing changed",
                        "straight through, moved start and rate",
                        "learning rate   alignment error");
        assertThat(plot).isNotEmptyFile();
        JsonNode figures = new ObjectMapper().readTree(json.toFile());
        assertThat(figures.path("optimizer").asText()).isEqualTo("adam");
        assertThat(figures.path("precision").asText()).isEqualTo("double");
        assertThat(figures.path("steps").asInt()).isEqualTo(3);
        assertThat(figures.path("seed").asInt()).isEqualTo(7);
        assertThat(figures.path("alignmentError").asDouble()).isPositive();
        assertThat(figures.path("alignmentErrorWarp").asDouble()).isPositive();
        assertThat(figures.path("alignmentErrorJitter").isNull()).isTrue();
        assertThat(figures.path("quantizedWeightAgreement").asDouble()).isBetween(0.5, 1.0);
        assertThat(figures.path("accuracyEstimator").isDouble()).isTrue();
        assertThat(figures.path("accuracySte").isDouble()).isTrue();
        assertThat(figures.path("decades").size()).isEqualTo(2);
        assertThat(figures.path("decades").get(1).path("learningRate").asDouble()).isEqualTo(0.001);
        assertThat(figures.path("comparisons").path("warp").path("logitMse").asDouble())
                .isPositive();
    }
}
