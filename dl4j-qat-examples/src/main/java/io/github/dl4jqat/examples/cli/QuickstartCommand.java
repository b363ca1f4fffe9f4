package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.prepare.QatConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat quickstart} command: reads the options, runs {@link Quickstart}. */
@Command(
        name = "quickstart",
        header = "The whole way on handwritten digits, in a few minutes",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Train a LeNet in float, quantize it without training, train it with quantization, turn"
                + " it into integers, check that the integers say what training simulated, compare"
                + " accuracy, size and speed.",
            "",
            "Without --data it uses the MNIST files that Deeplearning4j has cached, or else digits"
                    + " that it draws itself. Nothing is downloaded.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat quickstart",
            "  qat quickstart --data mnist --weight-bits 4 --activation-bits 4 --out models",
            "  qat quickstart --data mnist --network tiny --fine-tune-epochs 12",
            "",
            "Next: qat inspect models/lenet.qnet, then 'qat prepare --help' for your own network."
        })
final class QuickstartCommand implements Callable<Integer> {

    @ParentCommand private QatCli cli;
    @Mixin private DigitOptions digits;
    @Mixin private JsonOption json;
    @Mixin private QuantOptions quantization;

    @Option(
            names = "--network",
            paramLabel = "NAME",
            defaultValue = "lenet",
            description =
                    "lenet, the one of Deeplearning4j's zoo, or tiny, one of 7,486 parameters for"
                            + " microcontrollers. Default: ${DEFAULT-VALUE}.")
    private DigitNetwork network;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "2",
            description =
                    "Passes over the data in float; with 0 the network is trained with"
                            + " quantization from its random weights on. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int epochs;

    @Option(
            names = "--fine-tune-epochs",
            paramLabel = "N",
            defaultValue = "2",
            description = "Passes over the data with quantization. Default: ${DEFAULT-VALUE}.")
    private int fineTuneEpochs;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "123",
            description =
                    "Decides the first weights and the order of the digits. Default:"
                            + " ${DEFAULT-VALUE}.")
    private long seed;

    @Writes(folder = true)
    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "Keep the models here: lenet-float.zip, lenet-qat.zip, lenet.qnet, or the same"
                            + " with tiny. Without it they are deleted at the end.")
    private Path out;

    @Override
    public Integer call() throws Exception {
        if (epochs < 0) {
            throw new InputException("--epochs: expected at least 0, got " + epochs);
        }
        DigitOptions.requirePositive("--fine-tune-epochs", fineTuneEpochs);
        QatConfig config = quantization.config();
        DigitData data = digits.data();
        Path models =
                out == null
                        ? Files.createTempDirectory("qat-quickstart")
                        : Files.createDirectories(out);
        try {
            Quickstart.Plan plan =
                    new Quickstart.Plan(
                            network, epochs, fineTuneEpochs, seed, quantization.describe(), models);
            QuickstartResult result = new Quickstart(cli.console(), data, config, plan).run();
            json.write(result.entries());
        } finally {
            if (out == null) {
                delete(models);
            }
        }
        return 0;
    }

    private static void delete(Path folder) throws IOException {
        List<Path> paths;
        try (Stream<Path> found = Files.walk(folder)) {
            paths = found.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }
}
