package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat inspect} command: what is in a model file? */
@Command(
        name = "inspect",
        header = "Show what is in a model file",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Shows what a model file holds: for a .qnet file each operation with shapes, bits,"
                + " scale and bytes, for a Deeplearning4j zip its layers and, if it is prepared,"
                + " how many numbers are weights, learned by quantizers or ranges, and the ranges"
                + " of its tensors.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat inspect model.qnet",
            "  qat inspect qat.zip",
            "",
            "Next: 'qat evaluate --help' measures a model."
        })
final class InspectCommand implements Callable<Integer> {

    @ParentCommand private QatCli cli;

    @Parameters(paramLabel = "MODEL", description = "A .qnet file or a Deeplearning4j zip.")
    private Path model;

    @Override
    public Integer call() throws InputException {
        if (NetworkFile.kind(model) == NetworkFile.Kind.INTEGER) {
            try (IntegerNetwork network = NetworkFile.integer(model, EngineChoice.AUTO)) {
                cli.console().text(network.summary());
            }
        } else {
            Network network = NetworkFile.network(model);
            if (network.prepared()) {
                new PreparedSummary(cli.console()).show(network.view());
            } else {
                cli.console().text(network.summary());
                cli.console().text("A float network: 'qat prepare' puts quantization into it.");
            }
        }
        return 0;
    }
}
