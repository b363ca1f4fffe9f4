package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.examples.network.Numbers;
import io.github.dl4jqat.integer.IntegerNetwork;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat convert} command: prepared network in, integer model out. */
@Command(
        name = "convert",
        header = "Turn a prepared network into an integer model",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Turns a prepared (and usually trained) network into an integer model. The model"
                    + " computes with integers exactly what the network has simulated in training.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat convert --model qat.zip --out model.qnet",
            "  qat convert --model qat.zip --out model.qnet --with-float",
            "  qat convert --model qat.zip --out large.qnet --input-shape 3x416x416",
            "",
            "Next: qat evaluate --data mnist model.qnet. In Java:",
            "  IntegerNetwork net = IntegerNetwork.load(Path.of(\"model.qnet\"));",
            "  INDArray y = net.output(x);"
        })
final class ConvertCommand implements Callable<Integer> {

    @ParentCommand private QatCli cli;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "ZIP",
            description = "A network from 'qat prepare' or Qat.prepare.")
    private Path model;

    @Writes
    @Option(
            names = "--out",
            required = true,
            paramLabel = "QNET",
            description = "Where to write the integer model.")
    private Path out;

    @Option(
            names = "--with-float",
            description =
                    "Put the float network in too: then Deeplearning4j's ModelSerializer reads the"
                            + " same file, which is about five times as large.")
    private boolean withFloat;

    @Option(
            names = "--input-shape",
            paramLabel = "[NAME=]SHAPE",
            converter = InputShape.Converter.class,
            description = {
                "Convert for examples of another shape than the training's, such as 3x416x416 for a"
                        + " network of convolutions only, or 32x10 for sequences of ten steps. As"
                        + " Deeplearning4j's arrays have it, without the batch. For several inputs"
                        + " repeat it, with their names."
            })
    private List<InputShape> inputShapes = List.of();

    @Override
    public Integer call() throws Exception {
        AtomicFile.requireOther(out, model);
        Network network = NetworkFile.network(model);
        if (!network.prepared()) {
            throw new InputException(
                    model + ": a float network without quantization; 'qat prepare' comes first");
        }
        try (IntegerNetwork integer =
                inputShapes.isEmpty()
                        ? network.convert()
                        : network.convert(InputShape.byName(inputShapes, network.inputs()))) {
            if (withFloat) {
                network.save(integer, out);
            } else {
                integer.save(out);
            }
            cli.console().text(integer.summary());
        }
        long size = Files.size(out);
        long floats = 4 * Numbers.of(network.view()).weights();
        cli.console()
                .line(
                        "Wrote %s: %,d bytes, %.3f of the %,d bytes of its weights as floats.",
                        out, size, (double) size / floats, floats);
        return 0;
    }
}
