package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.ZooEntry;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat zoo get} command: the file of a model. */
@Command(
        name = "get",
        header = "Copy a model out of a zoo",
        mixinStandardHelpOptions = true,
        description = {"", "The file is compared with its checksum before it gets its name.", ""},
        footer = {
            "",
            "Examples:",
            "  qat zoo get tiny-mnist-int8 --to tiny.qnet",
            "",
            "Next: qat inspect FILE, or qat evaluate --data DIR FILE"
        })
final class ZooGetCommand implements Callable<Integer> {

    @ParentCommand private ZooCommand zoo;
    @Mixin private ZooChoice choice;

    @Writes
    @Option(
            names = "--to",
            required = true,
            paramLabel = "FILE",
            description = "The .qnet file to write.")
    private Path to;

    @Override
    public Integer call() throws Exception {
        ZooEntry entry =
                zoo.zoo(
                        z -> {
                            ZooEntry found = choice.in(z);
                            z.copy(found.name(), found.version(), to);
                            return found;
                        });
        zoo.console().line("%s %s is in %s", entry.name(), entry.version(), to);
        return 0;
    }
}
