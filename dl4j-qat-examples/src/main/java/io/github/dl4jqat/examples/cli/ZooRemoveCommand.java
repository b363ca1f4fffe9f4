package io.github.dl4jqat.examples.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat zoo remove} command: one version of a model less. */
@Command(
        name = "remove",
        header = "Take one version of a model out of a zoo",
        mixinStandardHelpOptions = true,
        footer = {"", "Examples:", "  qat zoo remove my-digits 1.0.0 --zoo models"})
final class ZooRemoveCommand implements Callable<Integer> {

    @ParentCommand private ZooCommand zoo;

    @Parameters(index = "0", paramLabel = "NAME", description = "The model.")
    private String name;

    @Parameters(index = "1", paramLabel = "VERSION", description = "Which version of it.")
    private String version;

    @Override
    public Integer call() throws Exception {
        zoo.requireFolder();
        zoo.zoo(
                z -> {
                    z.remove(name, version);
                    return null;
                });
        zoo.console().line("%s %s is gone", name, version);
        return 0;
    }
}
