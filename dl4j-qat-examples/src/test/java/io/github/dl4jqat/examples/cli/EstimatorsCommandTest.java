package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.examples.Seeds;
import io.github.dl4jqat.examples.data.DrawnDigits;
import io.github.dl4jqat.examples.data.IdxBytes;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.w3c.dom.Document;

class EstimatorsCommandTest {

    private static final int TRAIN = 128;
    private static final int TEST = 50;

    @TempDir private static Path folder;

    @BeforeAll
    static void writeDigits() throws Exception {
        DrawnDigits drawn = new DrawnDigits(Seeds.seed(), TRAIN, TEST);
        IdxBytes.write(folder, "train", drawn.train());
        IdxBytes.write(folder, "t10k", drawn.test());
    }

    private static CliRun run(Object... more) {
        List<Object> words = new ArrayList<>(List.of("estimators", "--data", folder));
        words.addAll(List.of(more));
        return CliRun.of(words.toArray());
    }

    @Test
    void smallGrid_givesTableJsonAndPage() throws Exception {
        Path json = folder.resolve("estimators.json");
        Path html = folder.resolve("estimators.html");
        CliRun run =
                run(
                        "--estimators=clipped,lsq",
                        "--bits=8,1",
                        "--seeds=2",
                        "--json",
                        json,
                        "--html",
                        html);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("[14/14]", "digits right", "8 bits", "1 bit", "Means of 2 seeds")
                .containsPattern("(?m)^  float +\\d+\\.\\d\\d % +\\d+\\.\\d\\d %$")
                .containsPattern("(?m)^  lsq +\\d+\\.\\d\\d % +\\d+\\.\\d\\d %$")
                .doesNotContain("\r");

        JsonNode rows = new ObjectMapper().readTree(json.toFile());
        assertThat(rows.isArray()).isTrue();
        List<String> cells = new ArrayList<>();
        for (JsonNode row : rows) {
            cells.add(row.get("estimator").textValue() + " " + row.get("bits").intValue());
            assertThat(row.get("seeds").intValue()).isEqualTo(2);
            double a = row.get("accuracies").get(0).doubleValue();
            double b = row.get("accuracies").get(1).doubleValue();
            assertThat(List.of(a, b)).allSatisfy(x -> assertThat(x).isBetween(0.0, 1.0));
            // so many digits out of 50
            assertThat(a * TEST).isCloseTo(Math.rint(a * TEST), within(1e-9));
            assertThat(row.get("accuracy").doubleValue()).isCloseTo((a + b) / 2, within(1e-12));
            assertThat(row.get("spread").doubleValue()).isCloseTo(Math.abs(a - b), within(1e-12));
        }
        assertThat(cells)
                .containsExactly(
                        "float 32", "ptq 8", "ptq 1", "clipped 8", "clipped 1", "lsq 8", "lsq 1");

        String page = Files.readString(html);
        Document parsed =
                DocumentBuilderFactory.newInstance()
                        .newDocumentBuilder()
                        .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
        assertThat(parsed.getElementsByTagName("svg").getLength()).isEqualTo(2);
        assertThat(parsed.getElementsByTagName("table").getLength()).isEqualTo(2);
        assertThat(page)
                .contains("lsq binary", "lsq uint1", "Seeds: 123, 124.")
                .doesNotContain("<script", "http", "src=", "href=", "url(", "@import");
    }

    @Test
    void widthThatAnEstimatorDoesNotServe_isLeftOut() throws Exception {
        Path json = folder.resolve("xnor.json");
        CliRun run = run("--estimators=xnor", "--bits=2,1", "--limit-train=32", "--json", json);
        assertThat(run.errors()).isEmpty();
        assertThat(run.out()).containsPattern("(?m)^  xnor +- +\\d");
        assertThat(new ObjectMapper().readTree(json.toFile()))
                .extracting(row -> row.get("estimator").textValue() + row.get("bits"))
                .containsExactly("float32", "ptq2", "ptq1", "xnor1");
    }

    @Test
    void unknownEstimator_listsTheKnownOnes() {
        CliRun run = run("--estimators=lsq,lsc");
        assertThat(run.exitCode()).isEqualTo(QatCli.BAD_INPUT);
        assertThat(run.errors())
                .startsWith("qat: --estimators: unknown estimator 'lsc'; known are ")
                .contains(GradientEstimators.names());
        assertThat(run.errors().strip().lines()).hasSize(1);
    }

    @Test
    void estimatorWithoutAnyOfTheWidths_saysWhichItServes() {
        CliRun run = run("--estimators=xnor", "--bits=8,4");
        assertThat(run.exitCode()).isEqualTo(QatCli.BAD_INPUT);
        assertThat(run.errors().strip())
                .isEqualTo("qat: --estimators: 'xnor' serves 1 bit, none of --bits 8,4");
    }

    @Test
    void badNumbers_nameTheValidOnes() {
        assertThat(run("--bits=8,9").errors().strip())
                .isEqualTo("qat: --bits: expected widths from 1 to 8, got 9");
        assertThat(run("--bits=0").exitCode()).isEqualTo(QatCli.BAD_INPUT);
        assertThat(run("--seeds=0").errors().strip())
                .isEqualTo("qat: --seeds: expected at least 1, got 0");
        assertThat(run("--epochs=0").errors().strip())
                .isEqualTo("qat: --epochs: expected at least 1, got 0");
    }

    @Test
    void fileThatCannotBeWritten_isFoundBeforeTraining() {
        CliRun run = run("--html", folder.resolve("nowhere").resolve("page.html"));
        assertThat(run.exitCode()).isEqualTo(QatCli.BAD_INPUT);
        assertThat(run.errors()).contains("the folder to write it to does not exist");
        assertThat(run.out()).isEmpty();
    }
}
