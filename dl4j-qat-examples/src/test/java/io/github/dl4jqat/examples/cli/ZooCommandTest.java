package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Qnet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class ZooCommandTest {

    private static final String TINY = "tiny-mnist-int8";

    @TempDir private Path folder;

    private static CliRun done(Object... arguments) {
        CliRun run = CliRun.of(arguments);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        return run;
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(Files.readString(file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "show", "get", "publish", "verify", "remove"})
    void helpShowsAnExample(String command) {
        assertThat(done("zoo", command, "--help").out())
                .contains("Usage: qat zoo " + command, "Example", "  qat zoo " + command, "--zoo");
    }

    @Test
    void noVerbShowsTheVerbs() {
        assertThat(done("zoo").out())
                .contains("list", "show", "get", "publish", "verify", "remove", "classpath:");
    }

    @Test
    void listsAndShowsTheModelsOfTheProgram() throws IOException {
        assertThat(done("zoo", "list").out()).contains(TINY, "1.0.0", "W8A8");
        assertThat(done("zoo", "list", "no", "such", "thing").out()).contains("No such models");
        Path list = folder.resolve("list.json");
        Path card = folder.resolve("card.json");
        done("zoo", "list", "TINY", "microcontroller", "--json", list);
        assertThat(done("zoo", "show", TINY, "--json", card).out())
                .contains("image-classification", "[784]", "0, 1, 2", "MNIST test", "Apache-2.0")
                .contains("qat quickstart");
        assertThat(json(list)).hasSize(1);
        assertThat(json(list).get(0)).isEqualTo(json(card));
        assertThat(json(card).get("card").get("accuracy").get("value").doubleValue())
                .isGreaterThan(0.98);
        assertThat(done("zoo", "show", TINY, "--model-version", "1").out()).contains("1.0.0");
    }

    @Test
    void modelGoesFromZooToZooAndBack() throws IOException {
        Path file = folder.resolve("tiny.qnet");
        assertThat(done("zoo", "get", TINY, "--to", file).out()).contains(TINY + " 1.0.0");
        Path zoo = folder.resolve("own");
        String[] about = {
            "--licence", "CC0-1.0", "--description", "Mine.", "--labels", "0,1,2,3,4,5,6,7,8,9"
        };
        Object[] publish = {
            "zoo",
            "publish",
            "own-digits",
            "1.10",
            file,
            "--zoo",
            zoo,
            about[0],
            about[1],
            about[2],
            about[3],
            about[4],
            about[5]
        };
        assertThat(done(publish).out()).contains("own-digits 1.10", "Mine.", "CC0-1.0");
        CliRun again = CliRun.of(publish);
        assertThat(again.exitCode()).isEqualTo(2);
        assertThat(again.errors()).contains("own-digits 1.10 already").hasLineCount(1);
        publish[3] = "1.9";
        done(publish);
        assertThat(done("zoo", "verify", "--zoo", zoo).out()).contains("2 models, all as they");
        assertThat(done("zoo", "show", "own-digits", "--zoo", zoo.toUri()).out()).contains("1.10");
        Path copy = folder.resolve("copy.qnet");
        done("zoo", "get", "own-digits", "--model-version", "1.9", "--to", copy, "--zoo", zoo);
        assertThat(Qnet.read(copy)).isEqualTo(Qnet.read(file));
        done("zoo", "remove", "own-digits", "1.9", "--zoo", zoo);
        assertThat(done("zoo", "list", "--zoo", zoo).out()).contains("1.10").doesNotContain("1.9 ");
        Files.write(zoo.resolve("own-digits/own-digits-1.10.qnet"), new byte[5]);
        CliRun damaged = CliRun.of("zoo", "verify", "--zoo", zoo);
        assertThat(damaged.exitCode()).isEqualTo(1);
        assertThat(damaged.out()).contains("own-digits-1.10.qnet", "1 model, 1 problem");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zoo frobnicate",
                "zoo show",
                "zoo show nobody",
                "zoo show tiny-mnist-int8 --model-version 7",
                "zoo show tiny-mnist-int8 --model-version newest",
                "zoo get tiny-mnist-int8",
                "zoo get nobody --to x.qnet",
                "zoo list --zoo missing",
                "zoo list --zoo ftp://localhost/",
                "zoo list --zoo classpath:nowhere",
                "zoo list --zoo http:nowhere",
                "zoo remove tiny-mnist-int8 1.0.0",
                "zoo remove tiny-mnist-int8 1.0.0 --zoo classpath:dl4j-qat-zoo",
                "zoo publish a 1 missing.qnet --zoo zoo --licence x",
                "zoo publish a 1 missing.qnet --licence x"
            })
    void badUsageOrInputIsOneLineAndExitCode2(String line) {
        CliRun run = CliRun.of((Object[]) line.split(" "));
        assertThat(run.errors()).startsWith("qat: ").hasLineCount(1);
        assertThat(run.exitCode()).isEqualTo(2);
    }

    @Test
    void copiedModelRuns() throws IOException {
        Path file = folder.resolve("tiny.qnet");
        done("zoo", "get", TINY, "--to", file);
        try (IntegerNetwork network = IntegerNetwork.load(file).withEngine(EngineChoice.JAVA)) {
            assertThat(network.output(new float[784], 1)).hasSize(10);
        }
    }
}
