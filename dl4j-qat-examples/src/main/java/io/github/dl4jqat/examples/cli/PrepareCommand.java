package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.prepare.QatConfig;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat prepare} command: float network in, network with quantization out. */
@Command(
        name = "prepare",
        header = "Put quantization into a network, ready to be trained",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Reads a network that Deeplearning4j has saved (MultiLayerNetwork or ComputationGraph),"
                    + " puts quantization into its layers and saves it, again as a Deeplearning4j"
                    + " zip. The weights stay as they are; the file that is read stays too.",
            "",
            "With --data some batches are run through it, so that the ranges of the activations"
                    + " are known. Without, they are learned in training.",
            ""
        },
        footer = {
            "",
            "Example:",
            "  qat prepare --model float.zip --data mnist --out qat.zip",
            "",
            "Next: train qat.zip for an epoch or two at a small learning rate. In Java:",
            "  MultiLayerNetwork net = MultiLayerNetwork.load(new File(\"qat.zip\"), true);",
            "  net.fit(data);  net.save(new File(\"qat.zip\"), true);",
            "Then: qat convert --model qat.zip --out model.qnet"
        })
final class PrepareCommand implements Callable<Integer> {

    private static final int BATCH = 64;

    @ParentCommand private QatCli cli;
    @Mixin private QuantOptions quantization;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "ZIP",
            description = "The network to prepare.")
    private Path model;

    @Writes
    @Option(
            names = "--out",
            required = true,
            paramLabel = "ZIP",
            description = "Where to write the prepared network.")
    private Path out;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "MNIST-style IDX files to calibrate with.")
    private Path folder;

    @Option(
            names = "--calibrate",
            paramLabel = "N",
            defaultValue = "50",
            description =
                    "With --data: how many batches of "
                            + BATCH
                            + " training pictures to look at. Default: ${DEFAULT-VALUE}.")
    private int batches;

    @Override
    public Integer call() throws Exception {
        QatConfig config = quantization.config();
        if (batches < 1) {
            throw new InputException("--calibrate: expected at least 1, got " + batches);
        }
        AtomicFile.requireOther(out, model);
        Network network = NetworkFile.network(model);
        if (network.prepared()) {
            throw new InputException(model + ": is prepared already; train it or convert it");
        }
        Network prepared = network.prepare(config);
        Console console = cli.console();
        if (folder != null) {
            DigitSetIterator data = DigitData.fromFolder(folder).trainBatches(BATCH, 0);
            data.setPreProcessor(DigitInput.shapeFor(prepared::output, model.toString()));
            int count = Math.min(batches, data.batches());
            prepared.calibrate(data, count);
            console.line(
                    "Calibrated with %d %s of %d pictures.",
                    count, count == 1 ? "batch" : "batches", BATCH);
        } else {
            console.line("Not calibrated (no --data): train it before you convert it.");
        }
        AtomicFile.write(out, prepared::save);
        console.line(
                "Wrote %s (%s). Next: train it, then 'qat convert'.", out, quantization.describe());
        return 0;
    }
}
