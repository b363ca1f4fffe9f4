package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.zoo.ZooCoverage;
import io.github.dl4jqat.examples.zoo.ZooModels;
import io.github.dl4jqat.examples.zoo.ZooRow;
import io.github.dl4jqat.examples.zoo.ZooSubject;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat zoo-coverage} command: runs {@link ZooCoverage} and shows how far each came. */
@Command(
        name = "zoo-coverage",
        header = "See which models of Deeplearning4j's zoo go all the way",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Takes every model of the zoo with random weights and a small input through"
                    + " everything: construct, prepare, calibrate, train, save and reload, convert,"
                    + " compare with the integer model, run that on both engines. Says which"
                    + " layers stay float and why, and what quantization costs in time and memory.",
            "",
            "Each model runs in processes of its own. Nothing is downloaded.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat zoo-coverage --json zoo.json",
            "  qat zoo-coverage --models LeNet,VGG16,ResNet50",
            "  qat zoo-coverage --models UNet --json zoo.json --append",
            "",
            "Next: qat prepare, with a network of your own."
        })
final class ZooCoverageCommand implements Callable<Integer>, ZooCoverage.Watcher {

    private static final List<String> PHASES =
            List.of(
                    "construct",
                    "prepare",
                    "calibrate",
                    "fit",
                    "save",
                    "convert",
                    "verify",
                    "engines",
                    "steps",
                    "memory");

    private static final int NAMES_SHOWN = 3;
    private static final int LONGEST = 240;

    @ParentCommand private QatCli cli;

    @Writes
    @Option(
            names = "--json",
            paramLabel = "FILE",
            description =
                    "Write the results to this file, for programs; anew after each model, so that a"
                            + " run that is cut short loses no more than the model it was at.")
    private Path json;

    @Option(
            names = "--append",
            description = "Keep what the file of --json says about models that do not run now.")
    private boolean append;

    @Option(
            names = "--models",
            paramLabel = "NAME",
            split = ",",
            description = "Which models, with commas. Default: all.")
    private List<String> names;

    @Mixin private RequantizationOption requantization;

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "6g",
            description =
                    "Largest Java heap of a process, like the JVM's -Xmx. Default:"
                            + " ${DEFAULT-VALUE}.")
    private String heap;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "30",
            description = "After which a process is given up. Default: ${DEFAULT-VALUE}.")
    private int minutes;

    private final long start = System.nanoTime();
    private ZooFile results;

    @Override
    public Integer call() throws Exception {
        List<ZooSubject> subjects = subjects();
        Requantization mode = requantization.mode();
        if (!heap.matches("[1-9][0-9]*[kKmMgG]")) {
            throw new InputException("--heap: expected a size such as 6g or 900m, got " + heap);
        }
        if (minutes < 1) {
            throw new InputException("--minutes: expected at least 1, got " + minutes);
        }
        results = new ZooFile(json);
        if (append) {
            if (json == null) {
                throw new InputException("--append: expected --json FILE, to which it adds");
            }
            results.load();
        }
        new ZooCoverage(mode, heap, Duration.ofMinutes(minutes), this).run(subjects);
        conclude(results.rows());
        return 0;
    }

    private List<ZooSubject> subjects() throws InputException {
        if (names == null) {
            return ZooModels.list();
        }
        List<ZooSubject> chosen = new ArrayList<>();
        for (String name : names.stream().distinct().toList()) {
            try {
                chosen.add(ZooModels.named(name));
            } catch (IllegalArgumentException e) {
                throw new InputException("--models: " + e.getMessage(), e);
            }
        }
        return chosen;
    }

    @Override
    public void started(String model, int number, int all) {
        cli.console().line("  [%d/%d] %s ...", number, all, model);
    }

    @Override
    public void finished(ZooRow row) throws IOException {
        results.put(row);
        cli.console()
                .line(
                        "        %s after %.0f s",
                        row.completed() ? "done" : shortened(row.text("error")),
                        row.number("seconds"));
    }

    private void conclude(List<ZooRow> rows) {
        cli.console().text("");
        cli.console().text(results(rows).toString());
        cli.console().text("");
        cli.console().text(times(rows).toString());
        for (ZooRow row : rows) {
            List<String> remarks = remarks(row);
            if (!remarks.isEmpty()) {
                cli.console().text("");
                cli.console().line("  %s", row.text("model"));
                remarks.forEach(remark -> cli.console().line("    %s", remark));
            }
        }
        cli.console().text("");
        cli.console()
                .line(
                        "  %d of %d models went all the way. The whole run took %.0f seconds.",
                        rows.stream().filter(ZooRow::completed).count(),
                        rows.size(),
                        (System.nanoTime() - start) / 1e9);
    }

    /** A list of a hundred layers is for the file. */
    private static String shortened(String error) {
        return error.length() <= LONGEST ? error : error.substring(0, LONGEST) + " ...";
    }

    /** What there is to say about a model beyond its numbers. */
    private static List<String> remarks(ZooRow row) {
        List<String> remarks = new ArrayList<>();
        if (row.text("note") != null) {
            remarks.add("note: " + row.text("note"));
        }
        row.floatReasons().forEach((reason, layers) -> remarks.add(explained(reason, layers)));
        if (row.text("javaOnlyBecause") != null) {
            remarks.add("on the Java engine only: " + shortened(row.text("javaOnlyBecause")));
        }
        if (!row.completed()) {
            remarks.add("not completed: " + shortened(row.text("error")));
        }
        return remarks;
    }

    private static String explained(String reason, List<String> layers) {
        List<String> shown = layers.subList(0, Math.min(NAMES_SHOWN, layers.size()));
        return layers.size()
                + " float: "
                + reason
                + " ("
                + String.join(", ", shown)
                + (shown.size() < layers.size() ? ", ...)" : ")");
    }

    private static Table results(List<ZooRow> rows) {
        Table table =
                new Table(
                        "model",
                        "quantized",
                        "passed on",
                        "float",
                        "equal labels",
                        "max LSB",
                        "Java/ORT LSB",
                        "time",
                        "memory",
                        "all the way");
        for (ZooRow row : rows) {
            int floats = row.floatReasons().values().stream().mapToInt(List::size).sum();
            Double labels = row.number("labelAgreement");
            table.row(
                    row.text("model"),
                    number("%.0f", row.number("quantizedLayers")),
                    number("%.0f", row.number("passedThrough")),
                    row.number("quantizedLayers") == null ? "-" : Integer.toString(floats),
                    labels == null ? "-" : number("%.2f %%", 100 * labels),
                    number("%.0f", row.number("maxLsb")),
                    number("%.0f", row.number("javaVsOrtMaxLsb")),
                    number("%.2f x", row.number("stepTimeRatio")),
                    number("%.2f x", row.number("memoryRatio")),
                    row.completed() ? "yes" : "no");
        }
        return table;
    }

    private static Table times(List<ZooRow> rows) {
        List<String> header = new ArrayList<>(List.of("seconds"));
        header.addAll(PHASES);
        header.add("all");
        header.add("a float step");
        header.add("a step");
        Table table = new Table(header.toArray(String[]::new));
        for (ZooRow row : rows) {
            List<String> cells = new ArrayList<>(List.of(row.text("model")));
            PHASES.forEach(p -> cells.add(number("%.1f", row.phase(p))));
            cells.add(number("%.1f", row.number("seconds")));
            cells.add(number("%.3f", row.number("floatStepSeconds")));
            cells.add(number("%.3f", row.number("stepSeconds")));
            table.row(cells.toArray(String[]::new));
        }
        return table;
    }

    private static String number(String format, Double value) {
        return value == null ? "-" : String.format(Locale.ROOT, format, value);
    }
}
