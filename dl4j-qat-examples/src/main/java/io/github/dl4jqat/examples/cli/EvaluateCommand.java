package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.examples.data.MnistFolder;
import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat evaluate} command: how many test digits does a model get right? */
@Command(
        name = "evaluate",
        header = "Count how many test pictures a model gets right",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Counts how many test pictures a model gets right: a float network, a prepared one or"
                    + " an integer model.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat evaluate --data mnist float.zip",
            "  qat evaluate --data mnist --engine java --json result.json model.qnet",
            "",
            "Next: compare the two figures; 'qat inspect model.qnet' shows where the bytes are."
        })
final class EvaluateCommand implements Callable<Integer> {

    private static final int BATCH = 250;

    @ParentCommand private QatCli cli;
    @Mixin private JsonOption json;

    @Parameters(paramLabel = "MODEL", description = "A .qnet file or a Deeplearning4j zip.")
    private Path model;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "DIR",
            description = "MNIST-style IDX files; their test part (t10k) is used.")
    private Path folder;

    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            defaultValue = "auto",
            description = {
                "For a .qnet file, what runs it: java (the definition, needs nothing),",
                "ort (ONNX Runtime) or auto (the fastest there is). Default: ${DEFAULT-VALUE}."
            })
    private Engine engine;

    /** The engines by the names of the option. */
    enum Engine {
        JAVA(EngineChoice.JAVA),
        ORT(EngineChoice.ONNX_RUNTIME),
        AUTO(EngineChoice.AUTO);

        private final EngineChoice choice;

        Engine(EngineChoice choice) {
            this.choice = choice;
        }
    }

    @Override
    public Integer call() throws Exception {
        NetworkFile.Kind kind = NetworkFile.kind(model);
        if (kind == NetworkFile.Kind.DEEPLEARNING4J && engine != Engine.AUTO) {
            throw new InputException(
                    "--engine: only for .qnet files; Deeplearning4j itself runs " + model);
        }
        DigitSetIterator test = DigitSetIterator.inOrder(MnistFolder.of(folder).test(), BATCH);
        long start = System.nanoTime();
        double accuracy =
                kind == NetworkFile.Kind.INTEGER ? ofIntegers(test) : ofDeeplearning4j(test);
        cli.console()
                .line(
                        "%.2f %% of %,d pictures are right (%.1f seconds)",
                        100 * accuracy, test.size(), (System.nanoTime() - start) / 1e9);
        json.write(Map.of("accuracy", accuracy));
        return 0;
    }

    private double ofIntegers(DigitSetIterator test) throws InputException {
        try (IntegerNetwork network = NetworkFile.integer(model, engine.choice)) {
            test.setPreProcessor(DigitInput.shapeFor(network::output, model.toString()));
            cli.console().line("%s, run by %s", model, network.engine());
            return network.evaluate(test).accuracy();
        }
    }

    private double ofDeeplearning4j(DigitSetIterator test) throws InputException {
        Network network = NetworkFile.network(model);
        test.setPreProcessor(DigitInput.shapeFor(network::output, model.toString()));
        cli.console().line("%s, run by Deeplearning4j", model);
        return network.accuracy(test);
    }
}
