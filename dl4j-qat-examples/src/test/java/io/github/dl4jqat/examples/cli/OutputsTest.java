package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** {@link Outputs} refuses what cannot be written before a command looks at anything else. */
class OutputsTest {

    private static final Set<String> READ = Set.of("--data", "--model");

    @TempDir private Path folder;

    @BeforeEach
    void writeAFile() throws IOException {
        Files.writeString(folder.resolve("file.txt"), "not a folder\n");
    }

    /** Whatever else is wrong: no model and no data is there. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "quickstart --data no --json",
                "prepare --model no.zip --out",
                "convert --model no.zip --out",
                "evaluate --data no no.qnet --json",
                "export --to onnx no.qnet --out",
                "check-export --data no no.qnet --json",
                "equivalence --data no --json",
                "equivalence --data no --plot",
                "estimators --data no --json",
                "estimators --data no --html",
                "zoo list --zoo no --json",
                "zoo show no --zoo no --json",
                "zoo get no --zoo no --to",
                "zoo-coverage --models no --json",
                "bench --suite no --json"
            })
    void filesThatCannotBeWritten(String line) throws IOException {
        String option = line.substring(line.lastIndexOf(' ') + 1);
        refused(option, "does not exist", line, folder.resolve("missing").resolve("file"));
        refused(option, "does not exist", line, folder.resolve("file.txt").resolve("file"));
        refused(option, "got a folder", line, folder);
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(folder.resolve("file.txt"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "quickstart --data no --out",
                "check-export --data no no.qnet --out",
                "zoo publish a 1.0.0 no.qnet --licence MIT --zoo"
            })
    void foldersThatCannotBeMade(String line) {
        String option = line.substring(line.lastIndexOf(' ') + 1);
        refused(option, "expected a folder", line, folder.resolve("file.txt"));
        refused(option, "expected a folder", line, folder.resolve("file.txt").resolve("a"));
    }

    @Test
    void foldersThatAreReadOnly() {
        Path closed = folder.resolve("closed");
        assertThat(closed.toFile().mkdir()).isTrue();
        assertThat(closed.toFile().setWritable(false)).isTrue();
        try {
            assumeFalse(Files.isWritable(closed), "this user may write anywhere");
            refused("--out", "nothing can be written", "quickstart --out", closed.resolve("new"));
            refused("--json", "nothing can be written", "bench --json", closed.resolve("a.json"));
        } finally {
            assertThat(closed.toFile().setWritable(true)).isTrue();
        }
    }

    private static void refused(String option, String why, String line, Path path) {
        List<Object> words = new ArrayList<>(List.of((Object[]) line.split(" ", -1)));
        words.add(path);
        CliRun run = CliRun.of(words.toArray());
        assertThat(run.errors())
                .startsWith("qat: " + option + ": " + path + ": ")
                .contains(why)
                .hasLineCount(1);
        assertThat(run.exitCode()).isEqualTo(QatCli.BAD_INPUT);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void oneFileForTwoThings() {
        Path file = folder.resolve("both");
        CliRun run = CliRun.of("estimators", "--json", file, "--html", folder.resolve("./both"));
        assertThat(run.errors()).contains("is the file of --", " too");
        assertThat(run.exitCode()).isEqualTo(QatCli.BAD_INPUT);
    }

    @Test
    void aFolderIsNotMadeForACommandThatCannotRun() {
        Path models = folder.resolve("new").resolve("models");
        CliRun run = CliRun.of("quickstart", "--epochs=-1", "--out", models);
        assertThat(run.errors()).contains("--epochs");
        assertThat(folder.resolve("new")).doesNotExist();
    }

    @Test
    void helpIsGivenAnyway() {
        CliRun run = CliRun.of("bench", "--help", "--json", folder);
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("Usage: qat bench");
    }

    /** A new command cannot forget it. */
    @Test
    void everyPathIsReadOrMarkedAsWritten() {
        CommandLine qat =
                new CommandLine(new QatCli(new Console(new PrintWriter(new StringWriter()))));
        List<String> unmarked = new ArrayList<>();
        collect(qat, unmarked);
        assertThat(unmarked).isEmpty();
    }

    private static void collect(CommandLine command, List<String> unmarked) {
        for (OptionSpec option : command.getCommandSpec().options()) {
            boolean marked =
                    option.userObject() instanceof Field field
                            && field.isAnnotationPresent(Writes.class);
            if (option.type() == Path.class && !marked && !READ.contains(option.longestName())) {
                unmarked.add(command.getCommandSpec().qualifiedName() + option.longestName());
            }
        }
        command.getSubcommands().values().forEach(sub -> collect(sub, unmarked));
    }
}
