package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.bench.Effort;
import io.github.dl4jqat.examples.bench.Figure;
import io.github.dl4jqat.examples.bench.Suite;
import io.github.dl4jqat.examples.bench.Suites;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat bench} command: runs {@link Suites} and shows the ratios. */
@Command(
        name = "bench",
        header = "Measure what quantization costs and brings, on this machine",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Times pieces of work against each other, in turns and in one process, so that"
                    + " whatever else the machine does falls on all of them alike. Each figure is"
                    + " the median over the rounds of a time divided by the baseline's time in the"
                    + " same round; the spread is the distance of the quartiles. Every result is"
                    + " checked before it is timed.",
            "",
            "kernels: the loops, by one memory copy. train: a step of training, stock, in our"
                    + " layers as floats, and quantized. infer: the output of a batch. growth: time"
                    + " and memory of larger and larger steps. prepare: what comes before and after"
                    + " training, for ResNet50.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat bench --suite train --cases 'small CNN|ResNet' --json train.json",
            "  qat bench --suite kernels --rounds 15",
            "",
            "Other programs that run meanwhile spoil the figures; the spread shows it."
        })
final class BenchCommand implements Callable<Integer> {

    private static final String ALL = "all";

    @ParentCommand private QatCli cli;
    @Mixin private JsonOption json;

    @Option(
            names = "--suite",
            paramLabel = "NAME",
            defaultValue = ALL,
            description =
                    "kernels, train, infer, growth, prepare or all. Default: ${DEFAULT-VALUE}.")
    private String suite;

    @Option(
            names = "--cases",
            paramLabel = "REGEX",
            defaultValue = "",
            description =
                    "Only the cases with a match in their name; --list shows the names. Default:"
                            + " all.")
    private String cases;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "7",
            description = "Rounds that count, at least 5. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--list", description = "Only show what there is to measure.")
    private boolean list;

    @Override
    public Integer call() throws Exception {
        long start = System.nanoTime();
        List<Suite> suites = suites();
        Pattern wanted = pattern();
        Effort effort = effort();
        List<Figure> figures = new ArrayList<>();
        int chosen = 0;
        for (Suite each : suites) {
            for (Map.Entry<String, Suite.Bench> bench : each.benches().entrySet()) {
                if (!wanted.matcher(bench.getKey()).find()) {
                    continue;
                }
                chosen++;
                cli.console().line("  %s: %s", each.name(), bench.getKey());
                if (!list) {
                    figures.addAll(bench.getValue().run(effort));
                }
            }
        }
        if (chosen == 0) {
            throw new InputException(
                    "--cases: nothing in --suite "
                            + suite
                            + " matches '"
                            + cases
                            + "'; see --list");
        }
        if (list) {
            return 0;
        }
        json.write(figures.stream().map(Figure::entries).toList());
        cli.console().text("");
        cli.console().text(table(figures).toString());
        cli.console().text("");
        cli.console()
                .line(
                        "  %d processors, Java %s, OMP_WAIT_POLICY=%s, OMP_NUM_THREADS=%s,"
                                + " OPENBLAS_CORETYPE=%s. The whole run took %.0f seconds.",
                        Runtime.getRuntime().availableProcessors(),
                        System.getProperty("java.version"),
                        set("OMP_WAIT_POLICY"),
                        set("OMP_NUM_THREADS"),
                        set("OPENBLAS_CORETYPE"),
                        (System.nanoTime() - start) / 1e9);
        return 0;
    }

    private static String set(String variable) {
        String value = System.getenv(variable);
        return value == null ? "(not set)" : value;
    }

    private List<Suite> suites() throws InputException {
        try {
            return suite.equals(ALL) ? Suites.all() : List.of(Suites.named(suite));
        } catch (IllegalArgumentException e) {
            throw new InputException("--suite: " + e.getMessage(), e);
        }
    }

    private Pattern pattern() throws InputException {
        try {
            return Pattern.compile(cases);
        } catch (PatternSyntaxException e) {
            throw new InputException("--cases: " + e.getMessage(), e);
        }
    }

    private Effort effort() throws InputException {
        try {
            return Effort.of(rounds);
        } catch (IllegalArgumentException e) {
            throw new InputException("--rounds: " + e.getMessage(), e);
        }
    }

    private static Table table(List<Figure> figures) {
        Table table = new Table("case", "by", "ratio", "spread", "absolute");
        for (Figure f : figures) {
            table.row(
                    f.suite() + ": " + f.name(),
                    f.baseline() == null ? "-" : f.baseline(),
                    number("%.3f", f.ratio()),
                    number("%.3f", f.spread()),
                    number("%.3f", f.amount())
                            + (f.unit() == Figure.Unit.MILLISECONDS ? " ms" : " MB"));
        }
        return table;
    }

    private static String number(String format, double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "-";
    }
}
