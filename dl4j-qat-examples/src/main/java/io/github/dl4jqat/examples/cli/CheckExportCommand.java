package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.examples.data.MnistFolder;
import io.github.dl4jqat.examples.deploy.DeployCheck;
import io.github.dl4jqat.examples.deploy.DeployedModel;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.UnsupportedOpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat check-export} command: every format on its own runtime. */
@Command(
        name = "check-export",
        header = "Export a model to every format and run each on its own runtime",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Writes an integer model as ONNX, TensorFlow Lite and C header, runs the three files on"
                + " ONNX Runtime and TensorFlow Lite, and compares labels and integers with those"
                + " of the Java engine on all test pictures.",
            ""
        },
        footer = {
            "",
            "Example:",
            "  qat check-export --data mnist --json formats.json --out formats lenet.qnet"
        })
final class CheckExportCommand implements Callable<Integer> {

    private static final String NAME = "model";

    @ParentCommand private QatCli cli;
    @Mixin private JsonOption json;

    @Parameters(paramLabel = "MODEL", description = "A .qnet file.")
    private Path model;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "MNIST-style IDX files; their test part (t10k) is used.")
    private Path folder;

    @Writes(folder = true)
    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "Keep the exported files in this folder. Without it they are deleted at the"
                            + " end.")
    private Path out;

    @Override
    public Integer call() throws Exception {
        DigitSetIterator test = DigitSetIterator.inOrder(MnistFolder.of(folder).test(), 1);
        Path files =
                out == null
                        ? Files.createTempDirectory("qat-check-export")
                        : Files.createDirectories(out);
        try (IntegerNetwork network = NetworkFile.integer(model, EngineChoice.JAVA)) {
            test.setPreProcessor(DigitInput.shapeFor(network::output, model.toString()));
            cli.console()
                    .text("Lines with INFO are TensorFlow Lite's, about what computes; no errors.");
            List<DeployedModel> results =
                    DeployCheck.run(
                            network.model(),
                            test,
                            files,
                            NAME,
                            what -> cli.console().line("Running %s ...", what));
            show(results);
            json.write(results.stream().map(DeployedModel::entries).toList());
        } catch (UnsupportedOpException | IllegalArgumentException e) {
            throw new InputException(model + ": " + e.getMessage(), e);
        } finally {
            if (out == null) {
                delete(files);
            }
        }
        return 0;
    }

    private void show(List<DeployedModel> results) {
        Table table =
                new Table("format", "runtime", "right", "equal labels", "largest diff.", "bytes");
        for (DeployedModel r : results) {
            table.row(
                    r.format(),
                    r.runtime(),
                    Percent.of(r.accuracy()),
                    Percent.of(r.labelAgreement()),
                    r.maxLsb() + " LSB",
                    String.format(Locale.ROOT, "%,d", r.bytes()));
        }
        cli.console().text(table.toString());
        cli.console()
                .line(
                        "  The Java engine gets %s right.",
                        Percent.of(results.get(0).javaAccuracy()));
    }

    private static void delete(Path files) throws IOException {
        try (Stream<Path> found = Files.list(files)) {
            for (Path file : found.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(files);
    }
}
