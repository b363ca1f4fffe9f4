package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.prepare.QatConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;

/** {@link QatCli} explains itself, and answers bad usage and bad input with one line. */
class QatCliTest {

    @TempDir private Path folder;

    @Test
    void noCommand_showsTheCommands() {
        CliRun run = CliRun.of();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains(
                        "quickstart",
                        "prepare",
                        "convert",
                        "evaluate",
                        "inspect",
                        "estimators",
                        "zoo",
                        "zoo-coverage",
                        "Exit codes");
        assertThat(run.errors()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "quickstart",
                "prepare",
                "convert",
                "evaluate",
                "inspect",
                "equivalence",
                "estimators",
                "zoo-coverage"
            })
    void help_saysWhatACommandDoes_withAnExampleAndTheNextStep(String command) {
        CliRun run = CliRun.of(command, "--help");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("Usage: qat " + command, "Example", "  qat " + command);
        assertThat(run.out()).contains("Next: ").doesNotContain("--limit-train");
        assertThat(run.errors()).isEmpty();
    }

    @Test
    void version_isOneLine() {
        CliRun run = CliRun.of("--version");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).startsWith("qat ").hasLineCount(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "frobnicate",
                "--frobnicate",
                "quickstart --frobnicate",
                "quickstart --epochs many",
                "quickstart --epochs -1",
                "quickstart --fine-tune-epochs 0",
                "quickstart --weight-bits 0",
                "quickstart --activation-bits 9",
                "quickstart --estimator nobody",
                "quickstart --data missing",
                "quickstart --data file.txt",
                "quickstart --data .",
                "quickstart --json missing/result.json",
                "quickstart --json .",
                "quickstart --out file.txt",
                "prepare",
                "prepare --model missing.zip --out out.zip",
                "prepare --model file.txt --out out.zip",
                "prepare --model . --out out.zip",
                "prepare --model empty.zip --out out.zip",
                "prepare --model empty.zip --out missing/out.zip",
                "prepare --model empty.zip --out out.zip --calibrate 0",
                "convert --model file.txt --out out.qnet",
                "convert --model empty.zip --out out.qnet",
                "convert --model missing.zip --out out.qnet",
                "evaluate --data . missing.qnet",
                "evaluate --data missing empty.zip",
                "evaluate file.txt",
                "evaluate --data . --engine steam empty.zip",
                "equivalence --epochs 0",
                "equivalence --decades -1",
                "equivalence --bits 3",
                "equivalence --sharpness 0",
                "equivalence --learning-rate -1",
                "equivalence --optimizer steam",
                "equivalence --variant steam",
                "equivalence --precision half",
                "equivalence --data missing",
                "equivalence --json missing/result.json",
                "equivalence --plot .",
                "zoo-coverage --models nobody",
                "zoo-coverage --heap much",
                "zoo-coverage --minutes 0",
                "zoo-coverage --json missing/result.json",
                "inspect",
                "inspect missing.qnet",
                "inspect file.txt",
                "inspect empty.zip"
            })
    void badUsageOrInput_isOneLineAndExitCode2(String line) throws IOException {
        Files.writeString(folder.resolve("file.txt"), "not a model, not a folder\n");
        // the shortest zip there is: an end record without entries
        byte[] empty = new byte[22];
        System.arraycopy(new byte[] {'P', 'K', 5, 6}, 0, empty, 0, 4);
        Files.write(folder.resolve("empty.zip"), empty);
        CliRun run = CliRun.of((Object[]) inFolder(line));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.errors()).startsWith("qat: ").hasLineCount(1);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void debug_addsTheStackTrace() {
        CliRun run = CliRun.of("quickstart", "--debug", "--data", folder.resolve("missing"));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.errors()).contains("no such folder", "DataFormatException", "\tat ");
    }

    /** Names of files and folders in a line mean those in the test's folder. */
    private String[] inFolder(String line) {
        String[] words = line.split(" ", -1);
        for (int i = 0; i < words.length; i++) {
            boolean path = words[i].contains(".") || words[i].startsWith("missing");
            words[i] = path ? folder.resolve(words[i]).toString() : words[i];
        }
        return words;
    }

    @Test
    void zipThatIsNoNetwork_isOneLine() throws IOException {
        Path zip = folder.resolve("no network.zip");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(zip))) {
            for (String name : List.of("configuration.json", "coefficients.bin")) {
                out.putNextEntry(new ZipEntry(name));
                out.write("hello".getBytes(StandardCharsets.UTF_8));
                out.closeEntry();
            }
        }
        CliRun run = CliRun.of("inspect", zip);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.errors()).startsWith("qat: " + zip + ": ").hasLineCount(1);
    }

    @Test
    void networkThatHasSeenNoData_isBadInput_inOneLine() throws IOException {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list()
                                .layer(
                                        new OutputLayer.Builder()
                                                .nIn(3)
                                                .nOut(2)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .build());
        net.init();
        Path zip = folder.resolve("prepared.zip");
        Path qnet = folder.resolve("m.qnet");
        Qat.prepare(net, QatConfig.int8()).save(zip.toFile());
        CliRun run = CliRun.of("convert", "--model", zip, "--out", qnet);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.errors()).contains("call Qat.calibrate, or train").hasLineCount(1);
        assertThat(qnet).doesNotExist();
    }
}
