package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.equivalence.Architecture;
import io.github.dl4jqat.examples.equivalence.Comparison;
import io.github.dl4jqat.examples.equivalence.EquivalenceExperiment;
import io.github.dl4jqat.examples.equivalence.EquivalenceResult;
import io.github.dl4jqat.examples.equivalence.Optimizer;
import io.github.dl4jqat.examples.equivalence.Settings;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.nd4j.linalg.api.buffer.DataType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat equivalence} command: reads the options, runs {@link EquivalenceExperiment}. */
@Command(
        name = "equivalence",
        header = "See a gradient estimator train the straight-through network",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Trains a network with 2-bit weights and a tanh-shaped gradient beside one that trains"
                + " straight through, and measures how far their weights are apart. With SGD the"
                + " second one starts from moved weights and has a learning rate of its own, as"
                + " arXiv:2405.05171 says; with Adam nothing is changed.",
            "",
            "Without --data it uses the MNIST files that Deeplearning4j has cached, or else digits"
                    + " that it draws itself. Nothing is downloaded.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat equivalence --data mnist",
            "  qat equivalence --data mnist --optimizer adam --plot adam.png",
            "  qat equivalence --data mnist --learning-rate 0.001 --decades 1 --no-controls",
            "",
            "Next: dl4j-qat-layers/docs/equivalence.md says what the figures mean."
        })
final class EquivalenceCommand implements Callable<Integer> {

    @ParentCommand private QatCli cli;
    @Mixin private DigitOptions digits;
    @Mixin private JsonOption json;

    @Option(
            names = "--variant",
            paramLabel = "NAME",
            defaultValue = "keras",
            description = {
                "The network: keras (three convolutions, batches of 128) or flax (two, batches of"
                        + " 600). Default: ${DEFAULT-VALUE}."
            })
    private Variant variant;

    @Option(
            names = "--optimizer",
            paramLabel = "NAME",
            defaultValue = "sgd",
            description = "sgd (momentum 0.9) or adam. Default: ${DEFAULT-VALUE}.")
    private Optimizer optimizer;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "5",
            description = "Epochs of 100 steps. Default: ${DEFAULT-VALUE}.")
    private int epochs;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Its peak. Default: 0.0001; 0.001 for sgd with flax.")
    private Double learningRate;

    @Option(
            names = "--decades",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Do it again with a tenth of the learning rate, this many times, and print the"
                            + " table.")
    private int decades;

    @Option(
            names = "--bits",
            paramLabel = "N",
            defaultValue = "2",
            description = "Bits of the weights: 1, 2 or 4. Default: ${DEFAULT-VALUE}.")
    private int bits;

    @Option(
            names = "--sharpness",
            paramLabel = "K",
            description = "Of the tanh. Default: 2 for 1 bit, 6.5 for 2, 18 for 4.")
    private Double sharpness;

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            defaultValue = "float",
            description =
                    "float, or double, which tiny learning rates need. Default: ${DEFAULT-VALUE}.")
    private Precision precision;

    @Option(
            names = "--no-controls",
            description = "Leave the jitter and scale-down controls out: half the time.")
    private boolean noControls;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "42",
            description =
                    "Decides the first weights and the order of the digits. Default:"
                            + " ${DEFAULT-VALUE}.")
    private long seed;

    @Writes
    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description = "Draw the measures over the training, as a PNG file.")
    private Path plot;

    @Option(names = "--batch", hidden = true)
    private Integer batch;

    @Option(names = "--steps", hidden = true)
    private Integer stepsPerEpoch;

    /** The networks by the names of the option. */
    enum Variant {
        KERAS,
        FLAX
    }

    /** The data types by the names of the option. */
    enum Precision {
        FLOAT(DataType.FLOAT),
        DOUBLE(DataType.DOUBLE);

        private final DataType type;

        Precision(DataType type) {
            this.type = type;
        }
    }

    @Override
    public Integer call() throws Exception {
        require("--epochs", epochs, 1);
        require("--decades", decades, 0);
        Settings settings = settings();
        DigitData data = digits.data();
        introduce(settings, data);
        EquivalenceResult result =
                new EquivalenceExperiment(
                                settings,
                                data,
                                (what, steps) -> new Progress(cli.console(), what, steps))
                        .run();
        conclude(result);
        json.write(result.entries());
        if (plot != null) {
            AtomicFile.write(plot, result::plot);
        }
        return 0;
    }

    private Settings settings() throws InputException {
        if (bits != 1 && bits != 2 && bits != 4) {
            throw new InputException("--bits: expected 1, 2 or 4, got " + bits);
        }
        double k = sharpness == null ? (bits == 1 ? 2 : bits == 2 ? 6.5 : 18) : sharpness;
        double rate = learningRate == null ? optimizer.learningRate(architecture()) : learningRate;
        requirePositive("--sharpness", k);
        requirePositive("--learning-rate", rate);
        return new Settings(
                architecture(),
                optimizer,
                bits,
                k,
                rate,
                epochs,
                decades,
                !noControls,
                seed,
                precision.type);
    }

    private Architecture architecture() throws InputException {
        Architecture known = variant == Variant.KERAS ? Architecture.KERAS : Architecture.FLAX;
        int examples = batch == null ? known.batch() : batch;
        int steps = stepsPerEpoch == null ? known.stepsPerEpoch() : stepsPerEpoch;
        require("--batch", examples, 1);
        require("--steps", steps, 1);
        return known.withBatches(examples, steps);
    }

    private static void require(String option, int value, int least) throws InputException {
        if (value < least) {
            throw new InputException(option + ": expected at least " + least + ", got " + value);
        }
    }

    private static void requirePositive(String option, double value) throws InputException {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new InputException(option + ": expected a number above 0, got " + value);
        }
    }

    private void introduce(Settings settings, DigitData data) {
        cli.console()
                .line(
                        "Digits:  %s",
                        data.isDrawn()
                                ? "drawn by this program; --data DIR takes MNIST"
                                : data.source());
        cli.console()
                .line(
                        "Weights: %s, tanh of sharpness %s, learning rate factor %.9f",
                        Count.of(settings.bits(), "bit"),
                        settings.sharpness(),
                        settings.learningRateFactor());
    }

    private void conclude(EquivalenceResult result) {
        Table table =
                new Table(
                        "against the tanh gradient",
                        "alignment error",
                        "distance / level",
                        "equal weights",
                        "equal histories",
                        "equal labels",
                        "logit MSE",
                        "accuracy");
        for (Map.Entry<String, Comparison> row : result.comparisons().entrySet()) {
            Comparison c = row.getValue();
            table.row(
                    result.describe(row.getKey()),
                    number("%.3g", c.alignmentError()),
                    number("%.3g", c.distance()),
                    Percent.of(c.weightAgreement()),
                    Percent.of(c.changePoints().sequences()),
                    Percent.of(c.inferenceAgreement()),
                    number("%.3g", c.logitError()),
                    Percent.of(c.accuracy()));
        }
        cli.console().text("");
        cli.console().text(table.toString());
        cli.console().text("");
        cli.console()
                .line(
                        "  The network with the tanh gradient has %s right.",
                        Percent.of(result.accuracyEstimator()));
        if (result.decades().size() > 1) {
            cli.console().text("");
            cli.console().text(decades(result).toString());
            cli.console().text("");
        }
        cli.console().line("  The whole run took %.0f seconds.", result.seconds());
    }

    private Table decades(EquivalenceResult result) {
        Table table =
                new Table(
                        "learning rate",
                        "alignment error",
                        "distance / level",
                        "equal weights",
                        optimizer.warps() ? "nothing changed" : "moved start and rate");
        for (EquivalenceResult.Decade d : result.decades()) {
            table.row(
                    number("%.3g", d.learningRate()),
                    number("%.3g", d.alignmentError()),
                    number("%.3g", d.distance()),
                    Percent.of(d.weightAgreement()),
                    number("%.3g", d.alignmentErrorUntreated()));
        }
        return table;
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
