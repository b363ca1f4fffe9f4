package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.examples.data.MnistFolder;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.zoo.ModelCard;
import io.github.dl4jqat.zoo.ZooEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat zoo publish} command: a model of one's own, with its card. */
@Command(
        name = "publish",
        header = "Put a model into a zoo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "",
            "Copies the integers of a .qnet file into a zoo in a folder, which is made if it is not"
                + " there, and writes its card into zoo.json. Shapes and bits come from the model,"
                + " the accuracy is measured with --data. A web server needs nothing but a copy of"
                + " the folder.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat zoo publish my-digits 1.0.0 model.qnet --zoo models --licence Apache-2.0",
            "",
            "Next: qat zoo verify --zoo models"
        })
final class ZooPublishCommand implements Callable<Integer> {

    private static final int BATCH = 250;

    @ParentCommand private ZooCommand zoo;

    @Parameters(index = "0", paramLabel = "NAME", description = "The name: lower case.")
    private String name;

    @Parameters(index = "1", paramLabel = "VERSION", description = "Such as 1.0.0.")
    private String version;

    @Parameters(index = "2", paramLabel = "MODEL", description = "A .qnet file.")
    private Path model;

    @Option(
            names = "--licence",
            required = true,
            paramLabel = "SPDX",
            description = "Under which terms others may use it, such as Apache-2.0.")
    private String licence;

    @Option(
            names = "--task",
            paramLabel = "NAME",
            defaultValue = "image-classification",
            description = "What it does. Default: ${DEFAULT-VALUE}.")
    private String task;

    @Option(names = "--description", paramLabel = "TEXT", description = "A sentence or two.")
    private String description = "";

    @Option(
            names = "--labels",
            paramLabel = "A,B,C",
            split = ",",
            description = "What the outputs stand for, in their order.")
    private List<String> labels = List.of();

    @Option(
            names = "--scale",
            paramLabel = "S",
            defaultValue = "1",
            description = "An input is raw * scale + offset. Default: ${DEFAULT-VALUE}.")
    private double scale;

    @Option(
            names = "--offset",
            paramLabel = "O",
            defaultValue = "0",
            description = "See --scale. Default: ${DEFAULT-VALUE}.")
    private double offset;

    @Option(
            names = "--preprocessing",
            paramLabel = "TEXT",
            description = "What the raw numbers are, and what else has to be done.")
    private String preprocessing = "";

    @Option(
            names = "--exporters",
            paramLabel = "A,B",
            split = ",",
            description = "Formats that it was exported to, such as onnx,tflite,c.")
    private List<String> exporters = List.of();

    @Option(
            names = "--reproduce",
            paramLabel = "COMMAND",
            description = "What somebody runs to get this model.")
    private String reproduce = "";

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Measure the accuracy on the test part of the MNIST-style IDX files in this"
                            + " folder.")
    private Path data;

    @Option(
            names = "--data-set",
            paramLabel = "NAME",
            defaultValue = "MNIST test",
            description = "How the card calls those files. Default: ${DEFAULT-VALUE}.")
    private String dataSet;

    @Override
    public Integer call() throws Exception {
        zoo.requireFolder();
        try (IntegerNetwork network = NetworkFile.integer(model, EngineChoice.AUTO)) {
            ZooEntry entry =
                    zoo.zoo(
                            z -> {
                                // the card without accuracy first: a typing error shows at once
                                ModelCard card = card(network).build();
                                if (data != null) {
                                    card = measured(network, card);
                                }
                                return z.publish(name, version, network, card);
                            });
            zoo.console().text(ZooText.describe(entry));
        }
        return 0;
    }

    private ModelCard.Builder card(IntegerNetwork network) {
        String engine = network.engine();
        return ModelCard.of(network.model())
                .task(task)
                .description(description)
                .scaling(scale, offset, preprocessing)
                .labels(labels)
                .licence(licence)
                .engines(
                        engine.startsWith("ONNX")
                                ? new String[] {"java", "onnxruntime"}
                                : new String[] {"java"})
                .exporters(exporters.toArray(String[]::new))
                .reproduce(reproduce);
    }

    private ModelCard measured(IntegerNetwork network, ModelCard card)
            throws IOException, InputException {
        DigitSetIterator test = DigitSetIterator.inOrder(MnistFolder.of(data).test(), BATCH);
        test.setPreProcessor(DigitInput.shapeFor(network::output, model.toString()));
        double accuracy = network.evaluate(test).accuracy();
        return card.toBuilder()
                .accuracy(accuracy, dataSet, test.size(), LocalDate.now(ZoneOffset.UTC))
                .build();
    }
}
