package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.ZooProblem;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** The {@code qat zoo verify} command: are all files the ones that the manifest promises? */
@Command(
        name = "verify",
        header = "Compare all files of a zoo with its manifest",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Is each file there, with the promised size and SHA-256? Is it a model, and does its"
                    + " card go with it? Ends with exit code 1 if something is wrong.",
            ""
        },
        footer = {"", "Examples:", "  qat zoo verify --zoo models"})
final class ZooVerifyCommand implements Callable<Integer> {

    @ParentCommand private ZooCommand zoo;

    @Override
    public Integer call() throws Exception {
        int models = zoo.zoo(z -> z.list().size());
        List<ZooProblem> problems = zoo.zoo(z -> z.verify());
        problems.forEach(problem -> zoo.console().text(problem.toString()));
        zoo.console()
                .line(
                        "%s, %s",
                        Count.of(models, "model"),
                        problems.isEmpty()
                                ? "all as they should be"
                                : Count.of(problems.size(), "problem"));
        return problems.isEmpty() ? 0 : QatCli.FAILED;
    }
}
