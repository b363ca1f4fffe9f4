package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.ZooEntry;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat zoo show} command: the card of a model. */
@Command(
        name = "show",
        header = "Show what a model is for, what it takes and how good it is",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  qat zoo show lenet-mnist-int8",
            "",
            "Next: qat zoo get NAME --to FILE"
        })
final class ZooShowCommand implements Callable<Integer> {

    @ParentCommand private ZooCommand zoo;

    @Parameters(paramLabel = "NAME", description = "The model.")
    private String name;

    @Option(
            names = "--model-version",
            paramLabel = "V",
            description = "Which version. Default: the newest release.")
    private String version;

    @Writes
    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the card to this file, for programs.")
    private Path json;

    @Override
    public Integer call() throws Exception {
        ZooEntry entry = zoo.zoo(z -> version == null ? z.entry(name) : z.entry(name, version));
        zoo.console().text(ZooText.describe(entry));
        if (json != null) {
            Json.write(json, ZooText.entries(entry));
        }
        return 0;
    }
}
