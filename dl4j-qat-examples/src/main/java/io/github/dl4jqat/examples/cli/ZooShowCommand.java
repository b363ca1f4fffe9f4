package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.ZooEntry;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
    @Mixin private ZooChoice choice;
    @Mixin private JsonOption json;

    @Override
    public Integer call() throws Exception {
        ZooEntry entry = zoo.zoo(choice::in);
        zoo.console().text(ZooText.describe(entry));
        json.write(ZooText.entries(entry));
        return 0;
    }
}
